// The processor as a device: repacked weights, kernels of the best instruction set, all threads.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "backend/backend.h"
#include "backend/cpu/attend.h"
#include "backend/cpu/inputs.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/matmul.h"
#include "backend/cpu/next_weights.h"
#include "backend/cpu/rotary.h"
#include "base/thread_pool.h"

namespace msrnn {

class CpuBackend final : public Backend {
 public:
  // threads >= 1.
  CpuBackend(int threads, const cpu::Kernels& kernels);

  std::string name() const override { return "cpu"; }
  std::string description() const override;
  std::string arithmetic() const override;
  int threads() const override { return pool_.size(); }
  std::optional<ProductOperation> product_operation(DType weight) const override;
  double measure_peak(DType weight) override;
  StageClock* stage_clock() override { return &clock_; }

  WeightPtr prepare(const TensorView& stored) override;
  Buffer allocate(std::size_t bytes) override;

  void embed(Tensor x, const Weight& table, std::span<const Token> tokens, float scale) override;
  void qkv(const Qkv& out, Tensor x, const AttentionWeights& weights, const Rope& rope,
           std::span<const std::int32_t> rotations) override;
  void attend(Tensor out, const Qkv& qkv, const AttentionShape& shape,
              std::span<const AttentionJob> jobs) override;
  void project_add(Tensor x, Tensor y, const OutputProjection& weights) override;
  void feed_forward(Tensor x, const FfnWeights& weights, Activation activation) override;
  void logits(Tensor out, Tensor x, const HeadWeights& weights, std::span<const std::int32_t> rows) override;

 private:
  // hidden_ = activation(gate · inputs_) * (up · inputs_), in the format that `down` takes.
  void gate_up(const FfnWeights& weights, Activation activation, std::int64_t n_tokens);
  // x += norm(W · inputs)
  void project_back(Tensor x, const cpu::Inputs& inputs, const OutputProjection& weights);

  // A product of so many tokens starts.
  void start_product(std::int64_t n_tokens, std::initializer_list<cpu::NextWeights::Stream> streams);

  const cpu::Kernels& kernels_;
  cpu::NextWeights next_weights_;
  ThreadPool pool_;
  cpu::InputSet inputs_;
  cpu::Inputs hidden_;  // of the last product of a feed-forward step
  cpu::ExpandedMemory expanded_;
  cpu::RopeRotations rotations_;
  Buffer projected_;  // before a norm
  cpu::CpuAttention attention_;
  StageClock clock_;
};

}  // namespace msrnn
