#include <cstring>

#include "base/half.h"
#include "tensor/dtype.h"

namespace msrnn {
namespace {

template <class T>
T load(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

constexpr int kBlock = 32;

void q8_0(const std::byte* block, float* out) {
  const float d = to_float(load<Half>(block));
  for (int i = 0; i < kBlock; ++i) out[i] = d * static_cast<float>(load<std::int8_t>(block + 2 + i));
}

// The low nibbles are numbers 0 … 15 of the block, the high ones 16 … 31.
void q4(const std::byte* nibbles, float d, int zero, float m, float* out) {
  for (int i = 0; i < kBlock / 2; ++i) {
    const int byte = static_cast<int>(nibbles[i]);
    out[i] = d * static_cast<float>((byte & 15) - zero) + m;
    out[i + kBlock / 2] = d * static_cast<float>((byte >> 4) - zero) + m;
  }
}

void q4_0(const std::byte* block, float* out) {
  constexpr float kNothing = -0.0f;  // unlike 0, it leaves a negative zero as it is
  q4(block + 2, to_float(load<Half>(block)), 8, kNothing, out);
}

void q4_1(const std::byte* block, float* out) {
  q4(block + 4, to_float(load<Half>(block)), 0, to_float(load<Half>(block + 2)), out);
}

template <class Decode>
void each_block(DType type, const std::byte* blocks, std::int64_t n, float* out, Decode decode) {
  const auto [name, size, bytes] = traits(type);
  for (std::int64_t i = 0; i < n; i += size, blocks += bytes) decode(blocks, out + i);
}

}  // namespace

void dequantise(DType type, const std::byte* blocks, std::int64_t n, float* out) {
  switch (type) {
    case DType::f32:
      std::memcpy(out, blocks, static_cast<std::size_t>(n) * sizeof(float));
      return;
    case DType::f16:
      return each_block(type, blocks, n, out, [](auto* b, float* o) { *o = to_float(load<Half>(b)); });
    case DType::bf16:
      return each_block(type, blocks, n, out, [](auto* b, float* o) { *o = to_float(load<BFloat16>(b)); });
    case DType::q8_0:
      return each_block(type, blocks, n, out, q8_0);
    case DType::q4_0:
      return each_block(type, blocks, n, out, q4_0);
    case DType::q4_1:
      return each_block(type, blocks, n, out, q4_1);
  }
}

}  // namespace msrnn
