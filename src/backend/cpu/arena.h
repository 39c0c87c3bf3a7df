// Laying several arrays out in one buffer.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/tensor.h"

namespace msrnn::cpu {

// Run a layout once over an empty arena for the bytes it needs, and once over memory of that size.
class Arena {
 public:
  Arena() = default;
  explicit Arena(std::byte* base) : base_(base) {}

  // n numbers, aligned for vectors; null where the arena is empty.
  template <class T>
  T* take(std::int64_t n) {
    const std::size_t at = used_;
    used_ += (static_cast<std::size_t>(n) * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    return base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + at);
  }
  std::size_t used() const { return used_; }

 private:
  std::byte* base_ = nullptr;
  std::size_t used_ = 0;
};

}  // namespace msrnn::cpu
