// Stored matrices and their exact products, for tests of this layer.
#pragma once

#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

#include "base/half.h"
#include "tensor/tensor.h"

namespace msrnn::testing {

inline constexpr DType kAllTypes[] = {DType::f32,  DType::f16,  DType::bf16,
                                      DType::q8_0, DType::q4_0, DType::q4_1};

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
  // number(): plain numbers, scales and minima; bits(): a byte of quantised numbers.
  void fill(const std::function<float()>& number, const std::function<std::uint8_t()>& bits) {
    const auto [name, size, block_bytes] = traits(view_.dtype);
    auto* data = const_cast<std::byte*>(view_.data);
    for (std::int64_t at = 0; at < view_.bytes(); at += block_bytes) {
      if (size == 1) {
        write_number(data + at, view_.dtype, number());
        continue;
      }
      const int n_scales = view_.dtype == DType::q4_1 ? 2 : 1;
      for (int i = 0; i < n_scales; ++i) write_number(data + at + 2 * i, DType::f16, number());
      for (int i = 2 * n_scales; i < block_bytes; ++i) data[at + i] = static_cast<std::byte>(bits());
    }
  }
  // [rows][cols]
  std::vector<float> values() const {
    std::vector<float> values(static_cast<std::size_t>(view_.rows * view_.cols));
    dequantise(view_.dtype, view_.data, view_.rows * view_.cols, values.data());
    return values;
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
