#include <cstring>

#include "base/half.h"
#include "tensor/dtype.h"
#include "tensor/quantised_block.h"

namespace msrnn {
namespace {

template <class Number>
void plain(const std::byte* numbers, std::int64_t n, float* out) {
  for (std::int64_t i = 0; i < n; ++i) {
    Number number;
    std::memcpy(&number, numbers + i * static_cast<std::int64_t>(sizeof number), sizeof number);
    out[i] = to_float(number);
  }
}

// The numbers of one scale. Where there are no minima, 0 is subtracted, which leaves every number as it is,
// a negative zero too.
void scaled(const Quantisation& q, const std::uint8_t* codes, float scale, float minimum, float* out) {
  for (int c = 0; c < q.scale_count; ++c) {
    const int number = q.levels ? kLevels[codes[c]] : codes[c] - q.zero;
    out[c] = scale * static_cast<float>(number) - minimum;
  }
}

void quantised(DType type, const std::byte* blocks, std::int64_t n, float* out) {
  const auto [name, size, bytes] = traits(type);
  const Quantisation q = quantisation(type);
  QuantisedBlock block;
  for (std::int64_t i = 0; i < n; i += size, blocks += bytes) {
    take_apart(type, blocks, block);
    const float d = to_float(block.d), m = to_float(block.m);
    for (int p = 0; p < size / q.scale_count; ++p) {
      scaled(q, block.codes + p * q.scale_count, d * static_cast<float>(block.scales[p]),
             m * static_cast<float>(block.minima[p]), out + i + p * q.scale_count);
    }
  }
}

}  // namespace

void dequantise(DType type, const std::byte* blocks, std::int64_t n, float* out) {
  switch (type) {
    case DType::f32:
      std::memcpy(out, blocks, static_cast<std::size_t>(n) * sizeof(float));
      return;
    case DType::f16:
      return plain<Half>(blocks, n, out);
    case DType::bf16:
      return plain<BFloat16>(blocks, n, out);
    default:
      return quantised(type, blocks, n, out);
  }
}

}  // namespace msrnn
