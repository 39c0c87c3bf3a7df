#include "backend/reference/stored_row.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/half.h"

namespace msrnn::reference {
namespace {

constexpr int kQ8Block = traits(DType::q8_0).block_size;

Half q8_scale(const float* x) {
  float largest = 0;
  for (int i = 0; i < kQ8Block; ++i) {
    if (!std::isfinite(x[i])) return to_half(NAN);
    largest = std::max(largest, std::abs(x[i]));
  }
  return to_half(largest / 127);
}

void store_q8_block(const float* x, std::byte* out) {
  const Half scale = q8_scale(x);
  const float d = to_float(scale);
  std::int8_t codes[kQ8Block] = {};
  for (int i = 0; i < kQ8Block && d > 0 && std::isfinite(d); ++i) {
    codes[i] = static_cast<std::int8_t>(std::nearbyint(std::clamp(x[i] * (1 / d), -127.0f, 127.0f)));
  }
  std::memcpy(out, &scale, sizeof scale);
  std::memcpy(out + sizeof scale, codes, sizeof codes);
}

template <class T, class Convert>
void store_each(const float* values, std::int32_t n, std::byte* out, Convert convert) {
  for (std::int32_t i = 0; i < n; ++i) reinterpret_cast<T*>(out)[i] = convert(values[i]);
}

}  // namespace

void store_row(DType type, const float* values, std::int32_t n, std::byte* out) {
  if (type == DType::f16) return store_each<Half>(values, n, out, [](float x) { return to_half(x); });
  if (type == DType::bf16)
    return store_each<BFloat16>(values, n, out, [](float x) { return to_bfloat16(x); });
  if (type == DType::f32) return store_each<float>(values, n, out, [](float x) { return x; });
  const auto [name, block_size, bytes] = traits(DType::q8_0);
  for (std::int32_t i = 0; i < n; i += block_size, out += bytes) store_q8_block(values + i, out);
}

}  // namespace msrnn::reference
