// A device: the fused steps of a decoder block. Each device fuses as it can; none knows the model.
//
// Row r of every tensor of one forward pass is token r of a ragged batch. All steps are deterministic: the
// result for a row depends neither on the number of threads nor on the rows of other sequences.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "msrnn/token.h"

#include "backend/rope.h"
#include "backend/stage_clock.h"
#include "policy/policy.h"
#include "policy/positions.h"
#include "tensor/tensor.h"

namespace msrnn {

// A weight matrix [rows][cols] as the device keeps it: uploaded, or repacked for this processor. Immutable.
class Weight {
 public:
  virtual ~Weight() = default;
  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }
  DType dtype() const { return dtype_; }
  // What one product with this weight reads.
  virtual std::size_t bytes() const = 0;

 protected:
  Weight(DType dtype, std::int64_t rows, std::int64_t cols) : dtype_(dtype), rows_(rows), cols_(cols) {}

 private:
  DType dtype_;
  std::int64_t rows_, cols_;
};
using WeightPtr = std::shared_ptr<const Weight>;

// Where a family lacks a weight below, it is null and its step is left out.

struct NormWeights {  // root-mean-square norm: x / sqrt(mean(x²) + epsilon) · gain
  WeightPtr gain;     // [1][n]
  float epsilon = 1e-5f;

  explicit operator bool() const { return gain != nullptr; }
};

// One of the projections that heads are cut from: norm_of_each_head(W · x + bias).
struct HeadProjection {
  WeightPtr matrix;  // [heads · head_dim][width]
  WeightPtr bias;    // [1][heads · head_dim]
  NormWeights norm;  // [1][head_dim]
};

struct AttentionWeights {
  NormWeights norm;
  HeadProjection q, k, v;
  int head_dim = 0;
};

enum class Activation : std::uint8_t {
  silu,      // x / (1 + e^−x)
  gelu_tanh  // x / 2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))) (arXiv 1606.08415)
};

// A projection back into the residual stream: x += norm(W · y).
struct OutputProjection {
  WeightPtr matrix;  // [width][n]
  NormWeights norm;  // [1][width]
};

struct FfnWeights {
  NormWeights norm;
  WeightPtr gate, up;  // [ffn_width][width]
  OutputProjection down;
};

struct HeadWeights {
  NormWeights norm;
  WeightPtr output;    // [vocabulary][width]
  float soft_cap = 0;  // logits become cap · tanh(logit / cap); 0: as they are
};

// In place of a position: the row is not rotated.
inline constexpr std::int32_t kUnrotated = std::numeric_limits<std::int32_t>::min();

struct AttentionShape {
  int n_heads = 0, n_kv_heads = 0, head_dim = 0;
  float scale = 1;          // of q · k
  float soft_cap = 0;       // scores become cap · tanh(score / cap); 0: as they are
  std::int32_t window = 0;  // a token sees the last `window` positions, its own among them; 0: all

  int group() const {
    return n_heads / n_kv_heads;
  }  // query heads per KV head: head h reads KV head h / group()
};

struct Qkv {
  Tensor q;     // [rows][n_heads · head_dim]
  Tensor k, v;  // [rows][n_kv_heads · head_dim]
};

// One layer of one sequence's state, as a kernel gets it.
struct LayerState {
  std::byte* k = nullptr;  // [n_kv_heads][capacity + 1][head_dim] of dtype; dead slots hold anything finite
  std::byte* v = nullptr;  // the same
  Slot* slots = nullptr;   // [lanes][capacity + 1]
  std::int32_t* free_slot = nullptr;  // [lanes]
  std::int32_t capacity = 0, lanes = 0, n_kv_heads = 0, head_dim = 0;
  DType dtype = DType::f16;  // f32, f16, bf16 or q8_0; keys and values are converted to it when written

  std::int32_t n_slots() const { return capacity + 1; }
  std::int32_t lane_of(std::int32_t kv_head) const { return lanes == 1 ? 0 : kv_head; }
  Slot* lane(std::int32_t l) const { return slots + static_cast<std::int64_t>(l) * n_slots(); }
  std::span<Slot> lane_slots(std::int32_t l) const { return {lane(l), static_cast<std::size_t>(n_slots())}; }
};

// The rows of one sequence in one attention step, and the layer of the state they go through.
struct AttentionJob {
  std::int32_t first_row = 0, n_rows = 0;
  std::int32_t first_position = 0;  // of the first row's token; the others follow
  LayerState state;
  Policy policy;
  Pins pins;
  PositionMode positions =
      PositionMode::absolute;       // others: k and q come un-rotated, and stay so in the state
  Rope rope;                        // read in those modes only
  std::int32_t* victims = nullptr;  // [lanes][n_rows], position dropped after each row; null: not asked
};

// What multiplies weights of a type.
struct ProductOperation {
  std::string_view name;  // "int8", "int12", "int16", "bf16", "f32"
  double passes = 1;      // how often a weight is multiplied for one token, in the mean

  bool operator==(const ProductOperation&) const = default;
};

class Backend {
 public:
  virtual ~Backend() = default;

  virtual std::string name() const = 0;         // as --device takes it
  virtual std::string description() const = 0;  // what it runs on: arithmetic, threads
  virtual std::string arithmetic() const = 0;   // what its results depend on: instruction set, precision
  virtual int threads() const = 0;
  // None where the device does not claim to be fast.
  virtual std::optional<ProductOperation> product_operation(DType weight) const = 0;
  // Multiply-adds a second that this operation could reach on all threads of the device. Measured, which
  // takes a moment. There has to be such an operation.
  virtual double measure_peak(DType weight) = 0;
  // Tells where the time of the steps below goes; null where the device does not. Owned by the device.
  virtual StageClock* stage_clock() = 0;

  // Takes a stored matrix over. The view may be read until the returned weight is destroyed.
  virtual WeightPtr prepare(const TensorView& stored) = 0;
  // Memory for activations and states.
  virtual Buffer allocate(std::size_t bytes) = 0;

  // x[r] = scale · row tokens[r] of the table.
  virtual void embed(Tensor x, const Weight& table, std::span<const Token> tokens, float scale) = 0;
  // norm · project · rotate: row r of q and k turns to rotations[r], or not at all where that is kUnrotated.
  virtual void qkv(const Qkv& out, Tensor x, const AttentionWeights& weights, const Rope& rope,
                   std::span<const std::int32_t> rotations) = 0;
  // For each job, row after row: write its key and value into the free slot, attend over all live slots (this
  // one included), update the scores, evict. The same for any split of the rows into calls: to
  // the bit where the policy observes, else up to the rounding of sums. Jobs share no state.
  virtual void attend(Tensor out, const Qkv& qkv, const AttentionShape& shape,
                      std::span<const AttentionJob> jobs) = 0;
  // x += norm(y · Wᵀ)
  virtual void project_add(Tensor x, Tensor y, const OutputProjection& weights) = 0;
  // x += down(activation(gate · norm(x)) * (up · norm(x)))
  virtual void feed_forward(Tensor x, const FfnWeights& weights, Activation activation) = 0;
  // out[i] = output · norm(x[rows[i]]), capped
  virtual void logits(Tensor out, Tensor x, const HeadWeights& weights,
                      std::span<const std::int32_t> rows) = 0;
};

}  // namespace msrnn
