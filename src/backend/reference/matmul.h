// Matrix products of the reference device.
#pragma once

#include <vector>

#include "backend/backend.h"
#include "base/thread_pool.h"
#include "tensor/tensor.h"

namespace msrnn::reference {

// A weight as float, whatever it was stored as.
class DenseWeight final : public Weight {
 public:
  explicit DenseWeight(const TensorView& stored);
  std::size_t bytes() const override { return values_.size() * sizeof(float); }
  const float* row(std::int64_t r) const { return values_.data() + r * cols(); }

 private:
  std::vector<float> values_;  // [rows][cols]
};

// The reference device's own view of a weight it prepared.
const DenseWeight& dense(const Weight& weight);

// Σ a[i] · b[i] in double, in the order of i.
double dot(const float* a, const float* b, std::int64_t n);

// x · Wᵀ: [x.rows][weight.rows], each number summed in double in the order of the columns.
std::vector<float> multiply(Tensor x, const Weight& weight, ThreadPool& pool);

}  // namespace msrnn::reference
