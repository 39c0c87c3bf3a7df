// The reference device: the specification as code. Plain loops, weights as float, sums in double in index
// order. It is what every other device is compared with, and slow: use it to check, not to run.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "backend/reference/attention.h"
#include "base/thread_pool.h"

namespace msrnn {

class ReferenceBackend final : public Backend {
 public:
  explicit ReferenceBackend(int threads);

  std::string name() const override { return "reference"; }
  std::string description() const override;
  std::string arithmetic() const override;
  int threads() const override { return pool_.size(); }
  std::optional<ProductOperation> product_operation(DType) const override { return std::nullopt; }
  double measure_peak(DType) override { return 0; }
  StageClock* stage_clock() override { return nullptr; }

  WeightPtr prepare(const TensorView& stored) override;
  Buffer allocate(std::size_t bytes) override { return Buffer(bytes); }

  void embed(Tensor x, const Weight& table, std::span<const Token> tokens, float scale) override;
  void qkv(const Qkv& out, Tensor x, const AttentionWeights& weights, const Rope& rope,
           std::span<const std::int32_t> rotations) override;
  void attend(Tensor out, const Qkv& qkv, const AttentionShape& shape,
              std::span<const AttentionJob> jobs) override;
  void project_add(Tensor x, Tensor y, const OutputProjection& weights) override;
  void feed_forward(Tensor x, const FfnWeights& weights, Activation activation) override;
  void logits(Tensor out, Tensor x, const HeadWeights& weights, std::span<const std::int32_t> rows) override;

 private:
  ThreadPool pool_;
  ReferenceAttention attention_;
};

}  // namespace msrnn
