// Views of numbers in memory. A view owns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "tensor/dtype.h"

namespace msrnn {

// A stored matrix, as a model file holds it: [rows][cols], row-major. A vector is one row.
struct TensorView {
  DType dtype = DType::f32;
  std::int64_t rows = 0, cols = 0;
  const std::byte* data = nullptr;

  std::int64_t row_bytes() const { return stored_bytes(dtype, cols); }
  std::int64_t bytes() const { return rows * row_bytes(); }
  const std::byte* row(std::int64_t r) const { return data + r * row_bytes(); }
};

// Activations: [rows][cols] float, one row a token.
struct Tensor {
  float* data = nullptr;
  std::int64_t rows = 0, cols = 0;

  float* row(std::int64_t r) const { return data + r * cols; }
  Tensor slice(std::int64_t first_row, std::int64_t n_rows) const { return {row(first_row), n_rows, cols}; }
};

inline constexpr std::size_t kAlignment = 64;  // a cache line, and the widest vector

// Aligned memory that is not initialised and not grown element by element.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t bytes)
      : data_(static_cast<std::byte*>(::operator new (bytes, std::align_val_t{kAlignment}))), size_(bytes) {}

  std::byte* data() const { return data_.get(); }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_.get());
  }
  std::size_t size() const { return size_; }

  // At least `bytes` of memory; the content is lost when it had to grow.
  void require(std::size_t bytes) {
    if (bytes > size_) *this = Buffer(bytes);
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { ::operator delete (p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<std::byte, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace msrnn
