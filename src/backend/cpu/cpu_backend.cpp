#include "backend/cpu/cpu_backend.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "backend/cpu/huge_pages.h"
#include "backend/cpu/packed_weight.h"
#include "backend/cpu/peak.h"
#include "base/fail.h"
#include "base/parts.h"

namespace msrnn {
namespace {

using cpu::packed;
using cpu::PackedWeight;
using cpu::Projection;

constexpr auto assign = [](float* out, const float* values, int n) {
  for (int i = 0; i < n; ++i) out[i] = values[i];
};

constexpr auto add = [](float* out, const float* values, int n) {
  for (int i = 0; i < n; ++i) out[i] += values[i];
};

// What is left to do to one row of a projection: bias, norm and rotation of each head.
void finish_row(const cpu::MatmulKernels& kernels, const HeadProjection& weights, int head_dim,
                const cpu::RowRotations* turns, Tensor x, std::int64_t row) {
  float* numbers = x.row(row);
  if (weights.bias != nullptr) add(numbers, packed(*weights.bias).vector(), static_cast<int>(x.cols));
  for (float* head = numbers; head < numbers + x.cols; head += head_dim) {
    if (weights.norm) {
      kernels.normalise(head, packed(*weights.norm.gain).vector(), weights.norm.epsilon, head_dim, head);
    }
    if (turns != nullptr) turns->apply(kernels, head, row);
  }
}

// Some blocks of 32 numbers of the hidden layer for one tile of tokens.
class HiddenBlocks {
 public:
  static constexpr int kAtOnce = 2, kGroups = cpu::kBlockCols / cpu::kGroupRows;

  HiddenBlocks(const cpu::MatmulKernels& kernels, Activation activation)
      : activate_(activation == Activation::gelu_tanh ? kernels.gelu_times : kernels.silu_times) {}

  // `count` groups of both, the first of kAtOnce blocks: [kAtOnce][tile.n_tokens][32]; rows beyond the
  // weights' last count as 0.
  const float* compute(const cpu::GroupsAtHand& gate, const cpu::Inputs& gate_inputs,
                       const cpu::GroupsAtHand& up, const cpu::Inputs& up_inputs, int count,
                       cpu::TileSpan tile) {
    gate.multiply(gate_inputs, tile, gate_);
    up.multiply(up_inputs, tile, up_);
    const int group_numbers = tile.n_tokens * cpu::kGroupRows;
    activate_(gate_, up_, std::int64_t{count} * group_numbers, gate_);
    const int n = static_cast<int>(parts(count, kGroups)) * kGroups;
    std::fill(gate_ + count * group_numbers, gate_ + n * group_numbers, 0.0f);
    const float* from = gate_;
    for (int g = 0; g < n; ++g) {
      float* to = values_ + g / kGroups * kGroups * group_numbers + g % kGroups * cpu::kGroupRows;
      for (int t = 0; t < tile.n_tokens; ++t, from += cpu::kGroupRows, to += cpu::kBlockCols) {
        assign(to, from, cpu::kGroupRows);
      }
    }
    return values_;
  }

 private:
  static constexpr int kNumbers = kAtOnce * cpu::kTileTokens * cpu::kBlockCols;

  const cpu::MatmulKernels::Activate activate_;
  alignas(kAlignment) float gate_[kNumbers];    // [groups][tokens][16]
  alignas(kAlignment) float up_[kNumbers];      // [groups][tokens][16]
  alignas(kAlignment) float values_[kNumbers];  // [blocks][tokens][32]
};

}  // namespace

CpuBackend::CpuBackend(int threads, const cpu::Kernels& kernels)
    : kernels_(kernels),
      next_weights_(threads),
      pool_(threads, &next_weights_),
      inputs_(kernels_.matmul, pool_),
      expanded_(pool_) {}

std::string CpuBackend::description() const {
  return fmt::format("{}, {} thread{}", arithmetic(), threads(), threads() == 1 ? "" : "s");
}

std::string CpuBackend::arithmetic() const {
  return fmt::format("{}, {} precision", kernels_.isa,
                     cpu::kPrecisionNames[static_cast<int>(kernels_.precision)]);
}

std::optional<ProductOperation> CpuBackend::product_operation(DType weight) const {
  using cpu::InputFormat;
  switch (kernels_.matmul.input_format(weight)) {
    case InputFormat::int8:
      return ProductOperation{"int8", 1};
    case InputFormat::int12:
      return ProductOperation{"int12", 1};
    case InputFormat::int8_pair:
      return ProductOperation{"int8", kernels_.matmul.thin == nullptr ? 2 : 1.5};
    case InputFormat::int16:
      return ProductOperation{"int16", 1};
    case InputFormat::bf16:
      return ProductOperation{"bf16", 1};
    case InputFormat::bf16_pair:
      return ProductOperation{"bf16", 2};
    case InputFormat::f32:
      break;
  }
  return ProductOperation{"f32", 1};
}

double CpuBackend::measure_peak(DType weight) {
  return cpu::measure_peak(kernels_.matmul.peak[static_cast<int>(kernels_.matmul.input_format(weight))],
                           pool_);
}

WeightPtr CpuBackend::prepare(const TensorView& stored) {
  return std::make_shared<PackedWeight>(stored, pool_, kernels_.matmul.bf16_layout);
}

Buffer CpuBackend::allocate(std::size_t bytes) {
  Buffer memory(bytes);
  cpu::prefer_huge_pages(memory);
  return memory;
}

void CpuBackend::embed(Tensor x, const Weight& table, std::span<const Token> tokens, float scale) {
  const TensorView& stored = packed(table).stored();
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= stored.rows) {
      fail("token {}: expected one of a vocabulary of {}", tokens[i], stored.rows);
    }
    float* row = x.row(static_cast<std::int64_t>(i));
    dequantise(stored.dtype, stored.row(tokens[i]), stored.cols, row);
    kernels_.attention.scale(row, stored.cols, scale);
  }
}

void CpuBackend::start_product(std::int64_t n_tokens,
                               std::initializer_list<cpu::NextWeights::Stream> streams) {
  n_tokens <= cpu::kTileTokens ? next_weights_.start(streams) : next_weights_.rest();
}

void CpuBackend::qkv(const Qkv& out, Tensor x, const AttentionWeights& weights, const Rope& rope,
                     std::span<const std::int32_t> rotations) {
  if (x.rows == 0) return;
  const StageClock::Scope scope(clock_, Stage::products);
  const PackedWeight &q = packed(*weights.q.matrix), &k = packed(*weights.k.matrix),
                     &v = packed(*weights.v.matrix);
  inputs_.encode_normalised(x, weights.norm, {&q, &k, &v});
  const std::array<Projection, 3> projections = {
      Projection{q, inputs_.of(q), out.q}, {k, inputs_.of(k), out.k}, {v, inputs_.of(v), out.v}};
  start_product(x.rows, {{&q, &k, &v}});
  cpu::project(pool_, kernels_.matmul, expanded_, projections, assign);

  const cpu::RowRotations& turns = rotations_.prepare(rope, rotations, pool_);
  constexpr std::int64_t kRowsPerTask = 16;
  pool_.for_each(parts(x.rows, kRowsPerTask), [&](std::int64_t task, int) {
    const std::int64_t end = std::min(x.rows, (task + 1) * kRowsPerTask);
    for (std::int64_t row = task * kRowsPerTask; row < end; ++row) {
      finish_row(kernels_.matmul, weights.q, weights.head_dim, &turns, out.q, row);
      finish_row(kernels_.matmul, weights.k, weights.head_dim, &turns, out.k, row);
      finish_row(kernels_.matmul, weights.v, weights.head_dim, nullptr, out.v, row);
    }
  });
}

void CpuBackend::attend(Tensor out, const Qkv& qkv, const AttentionShape& shape,
                        std::span<const AttentionJob> jobs) {
  const StageClock::Scope scope(clock_, Stage::attention);
  attention_.run({out, qkv, shape, pool_, kernels_, clock_}, jobs);
}

void CpuBackend::project_back(Tensor x, const cpu::Inputs& inputs, const OutputProjection& weights) {
  const PackedWeight& w = packed(*weights.matrix);
  start_product(x.rows, {{&w}});
  if (!weights.norm) {
    return cpu::project(pool_, kernels_.matmul, expanded_, std::array{Projection{w, inputs, x}}, add);
  }
  projected_.require(static_cast<std::size_t>(x.rows * x.cols) * sizeof(float));
  const Tensor y{projected_.as<float>(), x.rows, x.cols};
  cpu::project(pool_, kernels_.matmul, expanded_, std::array{Projection{w, inputs, y}}, assign);
  pool_.for_each(x.rows, [&](std::int64_t row, int) {
    kernels_.matmul.normalise(y.row(row), packed(*weights.norm.gain).vector(), weights.norm.epsilon, x.cols,
                              y.row(row));
    add(x.row(row), y.row(row), static_cast<int>(x.cols));
  });
}

void CpuBackend::project_add(Tensor x, Tensor y, const OutputProjection& weights) {
  if (x.rows == 0) return;
  const StageClock::Scope scope(clock_, Stage::products);
  const PackedWeight& w = packed(*weights.matrix);
  inputs_.encode(y, {&w});
  project_back(x, inputs_.of(w), weights);
}

void CpuBackend::gate_up(const FfnWeights& weights, Activation activation, std::int64_t n_tokens) {
  const PackedWeight &gate = packed(*weights.gate), &up = packed(*weights.up);
  const PackedWeight& down = packed(*weights.down.matrix);
  const cpu::InputFormat format = kernels_.matmul.input_format(down.dtype());
  hidden_.reshape(format, n_tokens, down.cols());
  const auto encode = kernels_.matmul.encode[static_cast<std::size_t>(format)];
  start_product(n_tokens, {{&gate}, {&up}});
  const cpu::WorkSplit split(down.n_blocks(), n_tokens, pool_.size());
  pool_.for_each(split.n_tasks(), [&](std::int64_t task, int worker) {
    HiddenBlocks hidden(kernels_.matmul, activation);
    const cpu::WorkPart part = split.part(task);
    for (std::int64_t first = part.first_unit; first < part.end_unit; first += HiddenBlocks::kAtOnce) {
      const std::int64_t n = std::min<std::int64_t>(HiddenBlocks::kAtOnce, part.end_unit - first);
      const std::int64_t group = first * HiddenBlocks::kGroups;
      const int count = static_cast<int>(std::min(n * HiddenBlocks::kGroups, gate.n_groups() - group));
      auto& [gate_memory, up_memory] = expanded_[worker];
      const cpu::GroupsAtHand gates(kernels_.matmul, gate, group, count, part, gate_memory);
      const cpu::GroupsAtHand ups(kernels_.matmul, up, group, count, part, up_memory);
      cpu::each_tile(part, n_tokens, [&](cpu::TileSpan tile) {
        const float* values = hidden.compute(gates, inputs_.of(gate), ups, inputs_.of(up), count, tile);
        for (std::int64_t block = first; block < first + n; ++block) {
          for (int t = 0; t < tile.n_tokens; ++t, values += cpu::kBlockCols) {
            encode(values, cpu::kBlockCols, hidden_.block(tile, block), tile.n_tokens, t);
          }
        }
      });
    }
  });
  hidden_.thin_all(kernels_.matmul, pool_);
}

void CpuBackend::feed_forward(Tensor x, const FfnWeights& weights, Activation activation) {
  if (x.rows == 0) return;
  const StageClock::Scope scope(clock_, Stage::products);
  inputs_.encode_normalised(x, weights.norm, {&packed(*weights.gate), &packed(*weights.up)});
  gate_up(weights, activation, x.rows);
  project_back(x, hidden_, weights.down);
}

void CpuBackend::logits(Tensor out, Tensor x, const HeadWeights& weights,
                        std::span<const std::int32_t> rows) {
  if (rows.empty()) return;
  const StageClock::Scope scope(clock_, Stage::products);
  const PackedWeight& output = packed(*weights.output);
  inputs_.encode_normalised(x, rows, weights.norm, {&output});
  start_product(std::ssize(rows), {{&output}});
  cpu::project(pool_, kernels_.matmul, expanded_, std::array{Projection{output, inputs_.of(output), out}},
               assign);
  if (weights.soft_cap == 0) return;
  pool_.for_each(out.rows, [&](std::int64_t row, int) {
    kernels_.attention.soft_cap(out.row(row), out.cols, weights.soft_cap);
  });
}

}  // namespace msrnn
