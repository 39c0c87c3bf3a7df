// Matrix products in parallel: weights in groups of rows, activations in tiles of tokens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "backend/cpu/inputs.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/packed_weight.h"
#include "base/parts.h"
#include "base/thread_pool.h"

namespace msrnn::cpu {

// A unit of work is 32 rows of weights: products take two groups at once.
inline constexpr std::int64_t kUnitGroups = 2;

// A rectangle of one product: what one task does.
struct WorkPart {
  std::int64_t first_unit, end_unit;
  std::int64_t first_token, end_token;  // whole tiles
};

// Cuts n_units × n_tokens into tasks: runs of units, so that a thread streams weights, and only where there
// are few of those also runs of tokens. Threads that take tasks in turn end together.
class WorkSplit {
 public:
  WorkSplit(std::int64_t n_units, std::int64_t n_tokens, int threads);

  std::int64_t n_tasks() const { return unit_parts_ * token_parts_; }
  WorkPart part(std::int64_t task) const;

 private:
  std::int64_t n_units_, n_tokens_, unit_parts_, token_parts_;
};

// body(tile) for the tiles of tokens [first_token, end_token).
template <class Body>
void each_tile(const WorkPart& part, std::int64_t n_tokens, Body body) {
  for (std::int64_t token = part.first_token; token < part.end_token;) {
    const TileSpan tile = tile_of(token, n_tokens);
    body(tile);
    token += tile.n_tokens;
  }
}

// out[g][t][r] = Σ_c weight[16 · (first + g) + r][c] · inputs[tile.first_token + t][c] for `count` groups;
// out: [count][tile.n_tokens][16].
inline void multiply_groups(const MatmulKernels& kernels, const PackedWeight& weight, std::int64_t first,
                            int count, const Inputs& inputs, TileSpan tile, float* out) {
  const auto product =
      weight.is_compact() ? kernels.compact_bf16 : kernels.product[static_cast<std::size_t>(weight.dtype())];
  product(weight.groups(first, count), inputs.block(tile, 0), tile.n_tokens, out);
}

struct Projection {
  const PackedWeight& weight;
  const Inputs& inputs;
  Tensor out;  // [inputs.n_tokens()][weight.rows()]
};

// Groups [begin, end) of a projection for the tokens of `part`.
template <class Write>
void project_groups(const MatmulKernels& kernels, const Projection& p, std::int64_t begin, std::int64_t end,
                    const WorkPart& part, Write write) {
  // Some groups together: a tile of tokens stays in the cache for all of them, they for all tiles.
  constexpr std::int64_t kGroupsAtOnce = 4;
  alignas(kAlignment) float values[kGroupsAtOnce * kTileTokens * kGroupRows];
  for (std::int64_t first = begin; first < end; first += kGroupsAtOnce) {
    each_tile(part, p.inputs.n_tokens(), [&](TileSpan tile) {
      const int count = static_cast<int>(std::min(end - first, kGroupsAtOnce));
      multiply_groups(kernels, p.weight, first, count, p.inputs, tile, values);
      const float* from = values;
      for (std::int64_t row = first * kGroupRows; row < (first + count) * kGroupRows; row += kGroupRows) {
        const std::int64_t n_rows = std::min<std::int64_t>(kGroupRows, p.weight.rows() - row);
        for (int t = 0; t < tile.n_tokens; ++t, from += kGroupRows) {
          float* out = p.out.row(tile.first_token + t) + row;
          // A length the compiler knows makes this a few vector moves.
          n_rows == kGroupRows ? write(out, from, kGroupRows) : write(out, from, static_cast<int>(n_rows));
        }
      }
    });
  }
}

// All projections in one parallel loop. write(out, values, n) puts n results where they belong; inline it.
template <class Write>
void project(ThreadPool& pool, const MatmulKernels& kernels, std::span<const Projection> projections,
             Write write) {
  std::int64_t n_units = 0;
  for (const Projection& p : projections) n_units += parts(p.weight.n_groups(), kUnitGroups);
  const WorkSplit split(n_units, projections.front().inputs.n_tokens(), pool.size());
  pool.for_each(split.n_tasks(), [&](std::int64_t task, int) {
    const WorkPart part = split.part(task);
    std::int64_t first = 0;  // of the projection's units
    for (const Projection& p : projections) {
      const std::int64_t begin = std::max(part.first_unit - first, std::int64_t{0}) * kUnitGroups;
      const std::int64_t end = std::min((part.end_unit - first) * kUnitGroups, p.weight.n_groups());
      project_groups(kernels, p, begin, end, part, write);
      first += parts(p.weight.n_groups(), kUnitGroups);
    }
  });
}

}  // namespace msrnn::cpu
