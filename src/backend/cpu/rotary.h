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
  // Cosines and sines of each row, in double before they are rounded. All layers of a forward pass ask for
  // the same ones: they are computed once.
  void prepare(const Rope& rope, std::span<const std::int32_t> rotations, ThreadPool& pool);
  // Turns every head of row r of x.
  void apply(const MatmulKernels& kernels, Tensor x, std::int64_t r) const;

 private:
  Rope::Pairs pairs_ = Rope::Pairs::interleaved;
  std::vector<double> frequencies_;      // [pairs of a head]
  std::vector<std::int32_t> rotations_;  // [rows]
  std::vector<float> cosines_, sines_;   // [rows][pairs of a head]
};

}  // namespace msrnn::cpu
