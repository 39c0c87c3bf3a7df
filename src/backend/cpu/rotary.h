// The rotary embedding of the rows of one forward pass.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backend/backend.h"
#include "backend/cpu/kernels.h"
#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace msrnn::cpu {

class RowRotations {
 public:
  // Cosines and sines of each row, in double before they are rounded. The layers of a forward pass ask for
  // the same ones: they are computed once.
  void prepare(std::span<const std::int32_t> rotations, ThreadPool& pool);
  bool is_for(const Rope& rope) const { return rope == rope_.get(); }
  void set_rope(const Rope& rope);
  // Turns one head of row r.
  void apply(const MatmulKernels& kernels, float* head, std::int64_t r) const;

 private:
  RopeCopy rope_;
  std::vector<std::int32_t> rotations_;  // [rows]
  std::vector<float> cosines_, sines_;   // [rows][pairs of a head]
};

// One for each kind of layer: some families turn faster in layers that see a window.
class RopeRotations {
 public:
  const RowRotations& prepare(const Rope& rope, std::span<const std::int32_t> rotations, ThreadPool& pool);

 private:
  std::vector<RowRotations> kinds_;
};

}  // namespace msrnn::cpu
