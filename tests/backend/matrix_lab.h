// Stored matrices and their exact products, for tests of this layer.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <iterator>
#include <random>
#include <vector>

#include "base/half.h"
#include "tensor/quantised_block.h"
#include "tensor/tensor.h"

namespace msrnn::testing {

inline constexpr DType kAllTypes[] = {DType::f32,  DType::f16,  DType::bf16, DType::q8_0,   DType::q4_0,
                                      DType::q4_1, DType::q5_0, DType::q5_1, DType::q2_k,   DType::q3_k,
                                      DType::q4_k, DType::q5_k, DType::q6_k, DType::iq4_nl, DType::iq4_xs};
static_assert(std::size(kAllTypes) == kDTypes);

// The least width from `cols` on that rows of the type can have.
inline std::int64_t width_from(DType type, std::int64_t cols) {
  const std::int64_t block = traits(type).block_size;
  return (cols + block - 1) / block * block;
}

// Where a block of a quantised type has f16 scales and minima.
inline std::vector<int> scale_offsets(DType type) {
  switch (type) {
    case DType::q4_1:
    case DType::q5_1:
    case DType::q4_k:
    case DType::q5_k:
      return {0, 2};
    case DType::q2_k:
      return {80, 82};
    case DType::q3_k:
      return {108};
    case DType::q6_k:
      return {208};
    default:
      return {0};
  }
}

// A matrix in the bytes of a model file, which start `misalignment` bytes past an aligned address.
class StoredMatrix {
 public:
  StoredMatrix(DType type, std::int64_t rows, std::int64_t cols, std::size_t misalignment = 0)
      : bytes_(static_cast<std::size_t>(rows * stored_bytes(type, cols)) + misalignment) {
    view_ = {type, rows, cols, bytes_.data() + misalignment};
  }
  StoredMatrix(const StoredMatrix&) = delete;
  StoredMatrix& operator=(const StoredMatrix&) = delete;

  const TensorView& view() const { return view_; }

  // Every bit of the numbers random; scales, or plain numbers, about `scale` in size.
  void randomise(unsigned seed, float scale = 0.05f) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0.0f, scale);
    fill([&] { return normal(random); }, [&] { return static_cast<std::uint8_t>(random()); });
  }
  // The same with numbers up to about `largest` in size.
  void randomise_up_to(float largest, unsigned seed) {
    randomise(seed, 1.0f);
    float found = 0;
    for (const float x : values()) found = std::max(found, std::abs(x));
    randomise(seed, largest / found);
  }
  // number(): plain numbers, scales and minima; bits(): a byte of quantised numbers.
  void fill(const std::function<float()>& number, const std::function<std::uint8_t()>& bits) {
    const auto [name, size, block_bytes] = traits(view_.dtype);
    auto* data = const_cast<std::byte*>(view_.data);
    for (std::int64_t at = 0; at < view_.bytes(); at += block_bytes) {
      if (size == 1) {
        write_number(data + at, view_.dtype, number());
        continue;
      }
      for (int i = 0; i < block_bytes; ++i) data[at + i] = static_cast<std::byte>(bits());
      for (const int offset : scale_offsets(view_.dtype)) {
        write_number(data + at + offset, DType::f16, number());
      }
    }
  }
  // [rows][cols]
  std::vector<float> values() const {
    std::vector<float> values(static_cast<std::size_t>(view_.rows * view_.cols));
    dequantise(view_.dtype, view_.data, view_.rows * view_.cols, values.data());
    return values;
  }
  // [rows][cols]: the largest number that other codes would give with the same scales, and the minimum: what
  // sums of such numbers may have been rounded at.
  std::vector<float> magnitudes() const {
    std::vector<float> magnitudes = values();
    if (!is_quantised(view_.dtype)) {
      for (float& x : magnitudes) x = std::abs(x);
      return magnitudes;
    }
    const auto [name, size, block_bytes] = traits(view_.dtype);
    const Quantisation q = quantisation(view_.dtype);
    const float largest =
        q.levels ? 127.0f : static_cast<float>(std::max(q.zero, (1 << q.bits) - 1 - q.zero));
    QuantisedBlock block;
    for (std::size_t i = 0; i < magnitudes.size(); ++i) {
      const auto c = static_cast<int>(i % static_cast<std::size_t>(size));
      if (c == 0)
        take_apart(view_.dtype,
                   view_.data + i / static_cast<std::size_t>(size) * static_cast<std::size_t>(block_bytes),
                   block);
      const int p = c / q.scale_count;
      magnitudes[i] = std::abs(to_float(block.d) * static_cast<float>(block.scales[p]) * largest) +
                      std::abs(to_float(block.m) * static_cast<float>(block.minima[p]));
    }
    return magnitudes;
  }

 private:
  static void write_number(std::byte* at, DType type, float x) {
    const Half half = to_half(x);
    const BFloat16 bfloat = to_bfloat16(x);
    if (type == DType::f32) std::memcpy(at, &x, sizeof x);
    if (type == DType::f16) std::memcpy(at, &half, sizeof half);
    if (type == DType::bf16) std::memcpy(at, &bfloat, sizeof bfloat);
  }

  std::vector<std::byte> bytes_;
  TensorView view_;
};

inline std::vector<float> random_numbers(std::size_t n, unsigned seed, float scale = 1.0f) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0f, scale);
  std::vector<float> numbers(n);
  for (float& x : numbers) x = normal(random);
  return numbers;
}

}  // namespace msrnn::testing
