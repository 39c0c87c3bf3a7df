#include "tensor/quantised_block.h"

#include <cstring>

namespace msrnn {
namespace {

int byte_at(const std::byte* p, int i) { return static_cast<int>(p[i]); }

Half half_at(const std::byte* p) {
  Half value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

// Sets the bits from `low` on of n codes. `run` bytes hold the fields of the first `run` codes in their
// lowest bits, above them those of the next `run`, until they are full.
template <int bits, int run, int n>
void add_bits(const std::byte* fields, int low, std::uint8_t* codes) {
  constexpr int kRunsInByte = 8 / bits, kMask = (1 << bits) - 1;
  for (int i = 0; i < n / run; ++i) {
    const std::byte* from = fields + i / kRunsInByte * run;
    const int shift = i % kRunsInByte * bits;
    for (int c = 0; c < run; ++c) {
      codes[i * run + c] |= static_cast<std::uint8_t>((byte_at(from, c) >> shift & kMask) << low);
    }
  }
}

void clear_codes(QuantisedBlock& block, int n) { std::memset(block.codes, 0, static_cast<std::size_t>(n)); }

void q8_0(const std::byte* stored, QuantisedBlock& block) {
  for (int c = 0; c < kSmallBlock; ++c)
    block.codes[c] = static_cast<std::uint8_t>(byte_at(stored, 2 + c) ^ 128);
}

void nibbles(const std::byte* stored, QuantisedBlock& block) {
  clear_codes(block, kSmallBlock);
  add_bits<4, 16, kSmallBlock>(stored, 0, block.codes);
}

void five_bits(const std::byte* stored, QuantisedBlock& block) {
  nibbles(stored + 4, block);
  add_bits<1, 1, kSmallBlock>(stored, 4, block.codes);
}

void add_minimum(Half minimum, QuantisedBlock& block) {
  block.m = {static_cast<std::uint16_t>(minimum.bits ^ 0x8000u)};  // subtracted, so with its sign turned
  block.minima[0] = 1;
}

void q2_k(const std::byte* stored, QuantisedBlock& block) {
  for (int p = 0; p < 16; ++p) {
    block.scales[p] = static_cast<std::int8_t>(byte_at(stored, p) & 15);
    block.minima[p] = static_cast<std::uint8_t>(byte_at(stored, p) >> 4);
  }
  clear_codes(block, kLargeBlock);
  add_bits<2, 32, kLargeBlock>(stored + 16, 0, block.codes);
  block.d = half_at(stored + 80);
  block.m = half_at(stored + 82);
}

// 16 scales: 8 bytes with their low four bits as 4/8, then 4 bytes with the high two as 2/4.
void q3_k(const std::byte* stored, QuantisedBlock& block) {
  std::uint8_t scales[16] = {};
  add_bits<4, 8, 16>(stored + 96, 0, scales);
  add_bits<2, 4, 16>(stored + 104, 4, scales);
  for (int p = 0; p < 16; ++p) block.scales[p] = static_cast<std::int8_t>(scales[p] - 32);
  clear_codes(block, kLargeBlock);
  add_bits<2, 32, kLargeBlock>(stored + 32, 0, block.codes);
  add_bits<1, 32, kLargeBlock>(stored, 2, block.codes);
  block.d = half_at(stored + 108);
}

// Bytes 0 … 3 hold scales 0 … 3 in their low six bits, bytes 4 … 7 minima 0 … 3. Of scales 4 … 7 bytes 8 … 11
// hold the low four bits, of minima 4 … 7 above them; the high two are the high bits of bytes 0 … 7.
void six_bit_scales(const std::byte* stored, QuantisedBlock& block) {
  for (int p = 0; p < 4; ++p) {
    const int s = byte_at(stored, p), n = byte_at(stored, 4 + p), low = byte_at(stored, 8 + p);
    block.scales[p] = static_cast<std::int8_t>(s & 63);
    block.minima[p] = static_cast<std::uint8_t>(n & 63);
    block.scales[4 + p] = static_cast<std::int8_t>((low & 15) | (s >> 6 << 4));
    block.minima[4 + p] = static_cast<std::uint8_t>((low >> 4) | (n >> 6 << 4));
  }
}

void q4_k(const std::byte* stored, QuantisedBlock& block) {
  block.m = half_at(stored + 2);
  six_bit_scales(stored + 4, block);
  clear_codes(block, kLargeBlock);
  add_bits<4, 32, kLargeBlock>(stored + 16, 0, block.codes);
}

void q5_k(const std::byte* stored, QuantisedBlock& block) {
  block.m = half_at(stored + 2);
  six_bit_scales(stored + 4, block);
  clear_codes(block, kLargeBlock);
  add_bits<4, 32, kLargeBlock>(stored + 48, 0, block.codes);
  add_bits<1, 32, kLargeBlock>(stored + 16, 4, block.codes);
}

void q6_k(const std::byte* stored, QuantisedBlock& block) {
  clear_codes(block, kLargeBlock);
  add_bits<4, 64, kLargeBlock>(stored, 0, block.codes);
  add_bits<2, 32, kLargeBlock>(stored + 128, 4, block.codes);
  std::memcpy(block.scales, stored + 192, 16);
  block.d = half_at(stored + 208);
}

// 8 scales: 2 bytes with their high two bits as 2/1, then 4 bytes with the low four as 4/1.
void iq4_xs(const std::byte* stored, QuantisedBlock& block) {
  std::uint8_t scales[8] = {};
  add_bits<4, 1, 8>(stored + 4, 0, scales);
  add_bits<2, 1, 8>(stored + 2, 4, scales);
  for (int p = 0; p < 8; ++p) block.scales[p] = static_cast<std::int8_t>(scales[p] - 32);
  clear_codes(block, kLargeBlock);
  add_bits<4, 16, kLargeBlock>(stored + 8, 0, block.codes);
}

}  // namespace

void take_apart(DType type, const std::byte* stored, QuantisedBlock& block) {
  block.d = half_at(stored);  // where most types have it
  block.m = {};
  block.scales[0] = 1;
  std::memset(block.minima, 0, sizeof block.minima);
  switch (type) {
    case DType::f32:
    case DType::f16:
    case DType::bf16:
      return;
    case DType::q8_0:
      return q8_0(stored, block);
    case DType::q4_0:
    case DType::iq4_nl:
      return nibbles(stored + 2, block);
    case DType::q4_1:
      add_minimum(half_at(stored + 2), block);
      return nibbles(stored + 4, block);
    case DType::q5_0:
      return five_bits(stored + 2, block);
    case DType::q5_1:
      add_minimum(half_at(stored + 2), block);
      return five_bits(stored + 4, block);
    case DType::q2_k:
      return q2_k(stored, block);
    case DType::q3_k:
      return q3_k(stored, block);
    case DType::q4_k:
      return q4_k(stored, block);
    case DType::q5_k:
      return q5_k(stored, block);
    case DType::q6_k:
      return q6_k(stored, block);
    case DType::iq4_xs:
      return iq4_xs(stored, block);
  }
}

}  // namespace msrnn
