// Matrix products in parallel: weights in groups of rows, activations in tiles of tokens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "backend/cpu/inputs.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/packed_weight.h"
#include "base/thread_pool.h"

namespace msrnn::cpu {

// A rectangle of one product: what one task does.
struct WorkPart {
  std::int64_t first_unit, end_unit;    // rows, in units of the caller's
  std::int64_t first_token, end_token;  // whole tiles
};

// Cuts n_units × n_tokens into tasks: runs of units, so that a thread streams weights, and only where there
// are few of those also runs of tokens.
class WorkSplit {
 public:
  WorkSplit(std::int64_t n_units, std::int64_t n_tokens, int threads);

  std::int64_t n_tasks() const { return unit_parts_ * token_parts_; }
  WorkPart part(std::int64_t task) const;

 private:
  std::int64_t n_units_, n_tokens_, units_per_part_, tokens_per_part_, unit_parts_, token_parts_;
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

// out[t][r] = Σ_c weight[16 · group + r][c] · inputs[tile.first_token + t][c]; out: [tile.n_tokens][16].
inline void multiply_group(const MatmulKernels& kernels, const PackedWeight& weight, std::int64_t group,
                           const Inputs& inputs, TileSpan tile, float* out) {
  const auto product = kernels.product[static_cast<std::size_t>(weight.dtype())];
  product(weight.group(group), weight.n_blocks(), inputs.block(tile, 0), tile.n_tokens, out);
}

struct Projection {
  const PackedWeight& weight;
  const Inputs& inputs;
  Tensor out;  // [inputs.n_tokens()][weight.rows()]
};

// All projections in one parallel loop. write(out, values, n) puts n results where they belong.
template <class Write>
void project(ThreadPool& pool, const MatmulKernels& kernels, std::span<const Projection> projections,
             Write write) {
  std::int64_t n_units = 0;
  for (const Projection& p : projections) n_units += p.weight.n_groups();
  const std::int64_t n_tokens = projections.front().inputs.n_tokens();
  const WorkSplit split(n_units, n_tokens, pool.size());
  pool.for_each(split.n_tasks(), [&](std::int64_t task, int) {
    alignas(kAlignment) float values[kTileTokens * kGroupRows];
    const WorkPart part = split.part(task);
    std::int64_t first = 0;  // unit of the projection's first group
    for (const Projection& p : projections) {
      const std::int64_t begin = std::max(part.first_unit - first, std::int64_t{0});
      const std::int64_t end = std::min(part.end_unit - first, p.weight.n_groups());
      for (std::int64_t g = begin; g < end; ++g) {
        const std::int64_t row = g * kGroupRows;
        const std::int64_t n_rows = std::min<std::int64_t>(kGroupRows, p.weight.rows() - row);
        each_tile(part, n_tokens, [&](TileSpan tile) {
          multiply_group(kernels, p.weight, g, p.inputs, tile, values);
          for (int t = 0; t < tile.n_tokens; ++t) {
            write(p.out.row(tile.first_token + t) + row, values + t * kGroupRows, n_rows);
          }
        });
      }
      first += p.weight.n_groups();
    }
  });
}

}  // namespace msrnn::cpu
