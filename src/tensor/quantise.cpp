#include "tensor/quantise.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"
#include "tensor/block_writer.h"
#include "tensor/quantised_block.h"
#include "tensor/scale_search.h"

namespace msrnn {
namespace {

float largest(const float* x) {
  float most = x[0];
  for (int i = 1; i < kSmallBlock; ++i) most = std::abs(x[i]) > std::abs(most) ? x[i] : most;
  return most;
}

// The largest number becomes 127 or −127.
void q8_0(const float* x, QuantisedBlock& block) {
  const float d = std::abs(largest(x)) / 127, id = inverse(d);
  for (int i = 0; i < kSmallBlock; ++i) {
    block.codes[i] = static_cast<std::uint8_t>(static_cast<int>(std::round(x[i] * id)) + 128);
  }
  block.d = to_half(d);
}

std::uint8_t code_below(float shifted, int bits) {
  return static_cast<std::uint8_t>(std::min(static_cast<int>(shifted), (1 << bits) - 1));
}

// The largest number becomes code 0.
void centred(const float* x, const Quantisation& q, QuantisedBlock& block) {
  const float d = largest(x) / static_cast<float>(-q.zero), id = inverse(d);
  const float shift = static_cast<float>(q.zero) + 0.5f;
  for (int i = 0; i < kSmallBlock; ++i) block.codes[i] = code_below(x[i] * id + shift, q.bits);
  block.d = to_half(d);
}

// The least number becomes code 0, the largest the last one.
void spanned(const float* x, const Quantisation& q, QuantisedBlock& block) {
  const auto [least, most] = std::minmax_element(x, x + kSmallBlock);
  const float d = (*most - *least) / static_cast<float>((1 << q.bits) - 1), id = inverse(d);
  for (int i = 0; i < kSmallBlock; ++i) block.codes[i] = code_below((x[i] - *least) * id + 0.5f, q.bits);
  block.d = to_half(d);
  block.m = to_half(-*least);
}

void fill(DType type, const float* x, QuantisedBlock& block) {
  const Quantisation q = quantisation(type);
  switch (type) {
    case DType::q8_0:
      return q8_0(x, block);
    case DType::q4_0:
    case DType::q5_0:
      return centred(x, q, block);
    case DType::q4_1:
    case DType::q5_1:
      return spanned(x, q, block);
    default:
      return search_scales(type, x, block);
  }
}

template <class Number, class Convert>
void plain(const float* numbers, std::int64_t n, std::byte* out, Convert convert) {
  for (std::int64_t i = 0; i < n; ++i) {
    const Number number = convert(numbers[i]);
    std::memcpy(out + i * static_cast<std::int64_t>(sizeof number), &number, sizeof number);
  }
}

}  // namespace

void quantise(DType type, const float* numbers, std::int64_t n, std::byte* blocks) {
  switch (type) {
    case DType::f32:
      std::memcpy(blocks, numbers, static_cast<std::size_t>(n) * sizeof(float));
      return;
    case DType::f16:
      return plain<Half>(numbers, n, blocks, to_half);
    case DType::bf16:
      return plain<BFloat16>(numbers, n, blocks, to_bfloat16);
    default:
      break;
  }
  const auto [name, size, bytes] = traits(type);
  QuantisedBlock block{};
  for (std::int64_t i = 0; i < n; i += size, blocks += bytes) {
    fill(type, numbers + i, block);
    put_together(type, block, blocks);
  }
}

}  // namespace msrnn
