#include "tensor/block_writer.h"

#include <cstring>

namespace msrnn {
namespace {

std::byte byte(int value) { return static_cast<std::byte>(value); }

void put_half(Half value, std::byte* p) { std::memcpy(p, &value, sizeof value); }

// Writes the bits from `low` on of n codes: `run` bytes take the fields of the first `run` codes into their
// lowest bits, above them those of the next `run`, until they are full.
template <int bits, int run, int n>
void put_bits(const std::uint8_t* codes, int low, std::byte* fields) {
  constexpr int kRunsInByte = 8 / bits, kMask = (1 << bits) - 1;
  std::memset(fields, 0, static_cast<std::size_t>(n / kRunsInByte));
  for (int i = 0; i < n / run; ++i) {
    std::byte* to = fields + i / kRunsInByte * run;
    const int shift = i % kRunsInByte * bits;
    for (int c = 0; c < run; ++c) to[c] |= byte((codes[i * run + c] >> low & kMask) << shift);
  }
}

void nibbles(const QuantisedBlock& block, std::byte* stored) {
  put_bits<4, 16, kSmallBlock>(block.codes, 0, stored);
}

void five_bits(const QuantisedBlock& block, std::byte* stored) {
  put_bits<1, 1, kSmallBlock>(block.codes, 4, stored);
  nibbles(block, stored + 4);
}

// A minimum is stored with the sign that adding needs.
void put_minimum(const QuantisedBlock& block, std::byte* p) {
  put_half({static_cast<std::uint16_t>(block.m.bits ^ 0x8000u)}, p);
}

void q2_k(const QuantisedBlock& block, std::byte* stored) {
  for (int p = 0; p < 16; ++p) stored[p] = byte(block.scales[p] | block.minima[p] << 4);
  put_bits<2, 32, kLargeBlock>(block.codes, 0, stored + 16);
  put_half(block.d, stored + 80);
  put_half(block.m, stored + 82);
}

void q3_k(const QuantisedBlock& block, std::byte* stored) {
  std::uint8_t scales[16];
  for (int p = 0; p < 16; ++p) scales[p] = static_cast<std::uint8_t>(block.scales[p] + 32);
  put_bits<1, 32, kLargeBlock>(block.codes, 2, stored);
  put_bits<2, 32, kLargeBlock>(block.codes, 0, stored + 32);
  put_bits<4, 8, 16>(scales, 0, stored + 96);
  put_bits<2, 4, 16>(scales, 4, stored + 104);
  put_half(block.d, stored + 108);
}

// As quantised_block.cpp describes them.
void six_bit_scales(const QuantisedBlock& block, std::byte* stored) {
  for (int p = 0; p < 4; ++p) {
    const int s = block.scales[4 + p], n = block.minima[4 + p];
    stored[p] = byte(block.scales[p] | s >> 4 << 6);
    stored[4 + p] = byte(block.minima[p] | n >> 4 << 6);
    stored[8 + p] = byte((s & 15) | (n & 15) << 4);
  }
}

void q4_k(const QuantisedBlock& block, std::byte* stored) {
  put_half(block.m, stored + 2);
  six_bit_scales(block, stored + 4);
  put_bits<4, 32, kLargeBlock>(block.codes, 0, stored + 16);
}

void q5_k(const QuantisedBlock& block, std::byte* stored) {
  put_half(block.m, stored + 2);
  six_bit_scales(block, stored + 4);
  put_bits<1, 32, kLargeBlock>(block.codes, 4, stored + 16);
  put_bits<4, 32, kLargeBlock>(block.codes, 0, stored + 48);
}

void q6_k(const QuantisedBlock& block, std::byte* stored) {
  put_bits<4, 64, kLargeBlock>(block.codes, 0, stored);
  put_bits<2, 32, kLargeBlock>(block.codes, 4, stored + 128);
  std::memcpy(stored + 192, block.scales, 16);
  put_half(block.d, stored + 208);
}

void iq4_xs(const QuantisedBlock& block, std::byte* stored) {
  std::uint8_t scales[8];
  for (int p = 0; p < 8; ++p) scales[p] = static_cast<std::uint8_t>(block.scales[p] + 32);
  put_bits<2, 1, 8>(scales, 4, stored + 2);
  put_bits<4, 1, 8>(scales, 0, stored + 4);
  put_bits<4, 16, kLargeBlock>(block.codes, 0, stored + 8);
}

}  // namespace

void put_together(DType type, const QuantisedBlock& block, std::byte* stored) {
  put_half(block.d, stored);  // where most types have it
  switch (type) {
    case DType::f32:
    case DType::f16:
    case DType::bf16:
      return;
    case DType::q8_0:
      for (int c = 0; c < kSmallBlock; ++c) stored[2 + c] = byte(block.codes[c] ^ 128);
      return;
    case DType::q4_0:
    case DType::iq4_nl:
      return nibbles(block, stored + 2);
    case DType::q4_1:
      put_minimum(block, stored + 2);
      return nibbles(block, stored + 4);
    case DType::q5_0:
      return five_bits(block, stored + 2);
    case DType::q5_1:
      put_minimum(block, stored + 2);
      return five_bits(block, stored + 4);
    case DType::q2_k:
      return q2_k(block, stored);
    case DType::q3_k:
      return q3_k(block, stored);
    case DType::q4_k:
      return q4_k(block, stored);
    case DType::q5_k:
      return q5_k(block, stored);
    case DType::q6_k:
      return q6_k(block, stored);
    case DType::iq4_xs:
      return iq4_xs(block, stored);
  }
}

}  // namespace msrnn
