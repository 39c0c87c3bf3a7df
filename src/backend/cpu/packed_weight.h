// A weight matrix as this device keeps it: repacked for its matrix products (layout.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/backend.h"
#include "backend/cpu/compact_bf16.h"
#include "backend/cpu/layout.h"
#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace msrnn::cpu {

class PackedWeight final : public Weight {
 public:
  // `stored` stays readable for rows(). Throws Error if quantised rows are not whole blocks.
  PackedWeight(const TensorView& stored, ThreadPool& pool, BFloat16Layout bf16_layout);

  std::size_t bytes() const override { return compact_ ? compact_->bytes() : packed_.size(); }
  // Whether the groups are bf16 in the compact layout.
  bool is_compact() const { return compact_.has_value(); }
  std::int64_t n_groups() const { return cpu::n_groups(rows()); }
  std::int64_t n_blocks() const { return cpu::n_blocks(cols()); }
  // `count` groups from group `first` on.
  WeightGroups groups(std::int64_t first, int count) const {
    if (compact_) {
      const std::int64_t bytes = compact_group_bytes(cols());
      return {compact_->groups.data() + first * bytes, bytes, count, n_blocks(),
              compact_->of_groups.data() + first};
    }
    return {packed_.data() + first * group_bytes_, group_bytes_, count, n_blocks(), nullptr};
  }
  // The matrix as it came.
  const TensorView& stored() const { return stored_; }
  // The only row of a vector (a norm's gain), [cols].
  const float* vector() const { return vector_.as<float>(); }

 private:
  void pack_groups(ThreadPool& pool, BFloat16Layout bf16_layout);

  TensorView stored_;
  std::int64_t group_bytes_ = 0;
  Buffer packed_;                           // n_groups() times so many bytes
  std::optional<CompactBFloat16> compact_;  // then packed_ is empty
  Buffer vector_;
};

// This device's own view of a weight it prepared.
inline const PackedWeight& packed(const Weight& weight) { return static_cast<const PackedWeight&>(weight); }

}  // namespace msrnn::cpu
