// Matrix products in parallel: weights in groups of rows, activations in tiles of tokens.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

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

// Cuts n_units × n_tokens into tasks: runs of units, so that a thread streams weights, of all tokens or,
// where there are many of these or few units, of a run of them. Tasks of the same tokens follow each other.
class WorkSplit {
 public:
  WorkSplit(std::int64_t n_units, std::int64_t n_tokens, int threads);

  std::int64_t n_tasks() const { return unit_parts_ * token_parts_; }
  WorkPart part(std::int64_t task) const;

 private:
  std::int64_t n_units_, n_tokens_, unit_parts_, token_parts_;
};

inline std::int64_t n_units(const PackedWeight& weight) { return parts(weight.n_groups(), kUnitGroups); }

// Those of a weight's groups that lie in units [first_unit, end_unit) of several weights, one after another,
// where its own begin at `at`. The end is not after the begin where there are none.
inline Part groups_in_units(const PackedWeight& weight, std::int64_t at, std::int64_t first_unit,
                            std::int64_t end_unit) {
  return {std::max(first_unit - at, std::int64_t{0}) * kUnitGroups,
          std::min((end_unit - at) * kUnitGroups, weight.n_groups())};
}

// body(tile) for the tiles of tokens [first_token, end_token).
template <class Body>
void each_tile(const WorkPart& part, std::int64_t n_tokens, Body body) {
  for (std::int64_t token = part.first_token; token < part.end_token;) {
    const TileSpan tile = tile_of(token, n_tokens);
    body(tile);
    token += tile.n_tokens;
  }
}

inline const MatmulKernels::Products& products_of(const MatmulKernels& kernels, const PackedWeight& weight) {
  return weight.is_compact() ? kernels.compact_bf16
                             : kernels.products[static_cast<std::size_t>(weight.dtype())];
}

// Some groups of a weight while they are multiplied with the tiles of a part.
class GroupsAtHand {
 public:
  // At most this many fit values[kMost · kTileTokens · kGroupRows].
  static constexpr std::int64_t kMost = 8;

  // `memory` is where they are expanded, if there is a whole tile of tokens and products want that.
  GroupsAtHand(const MatmulKernels& kernels, const PackedWeight& weight, std::int64_t first, int count,
               const WorkPart& part, Buffer& memory)
      : products_(products_of(kernels, weight)), kept_(weight.groups(first, count)), expanded_(kept_) {
    if (!expands(products_, part)) return;
    expanded_.bytes = expanded_group_bytes(products_, weight);
    memory.require(static_cast<std::size_t>(kMost * expanded_.bytes));
    products_.expand(kept_, memory.data());
    expanded_.first = memory.data();
    expanded_.next = kept_.first + count * kept_.bytes;
    expanded_.next_bytes = kept_.bytes;
  }

  // How many of a weight to take at once: a tile of tokens stays in the cache for all of them, they for all
  // tiles. Few where there is but one tile, so that the next ones are fetched meanwhile.
  static int at_once(const MatmulKernels& kernels, const PackedWeight& weight, const WorkPart& part) {
    constexpr std::int64_t kExpandedBytes = 1 << 20;
    const MatmulKernels::Products& products = products_of(kernels, weight);
    if (!expands(products, part)) return 4;
    if (part.end_token - part.first_token < 2 * kTileTokens) return 2;
    return static_cast<int>(
        std::clamp<std::int64_t>(kExpandedBytes / expanded_group_bytes(products, weight), 1, kMost));
  }

  // out[g][t][r] = Σ_c weight[16 · (first + g) + r][c] · inputs[tile.first_token + t][c];
  // out: [count][tile.n_tokens][16].
  void multiply(const Inputs& inputs, TileSpan tile, float* out) const {
    const bool expanded = expanded_.first != kept_.first && tile.n_tokens == kTileTokens;
    const auto product = expanded ? products_.expanded : products_.product;
    product(expanded ? expanded_ : kept_, inputs.block(tile, 0), tile.n_tokens, out);
  }

 private:
  static bool expands(const MatmulKernels::Products& products, const WorkPart& part) {
    return products.expand != nullptr && part.end_token - part.first_token >= kTileTokens;
  }
  static std::int64_t expanded_group_bytes(const MatmulKernels::Products& products,
                                           const PackedWeight& weight) {
    return weight.n_blocks() * products.expanded_block_bytes;
  }

  const MatmulKernels::Products& products_;
  WeightGroups kept_, expanded_;
};

// Where each thread expands groups, of two weights at once.
struct ExpandedMemory {
  std::vector<std::array<Buffer, 2>> of_thread;

  explicit ExpandedMemory(const ThreadPool& pool) : of_thread(static_cast<std::size_t>(pool.size())) {}
  std::array<Buffer, 2>& operator[](int worker) { return of_thread[static_cast<std::size_t>(worker)]; }
};

struct Projection {
  const PackedWeight& weight;
  const Inputs& inputs;
  Tensor out;  // [inputs.n_tokens()][weight.rows()]
};

// Groups [begin, end) of a projection for the tokens of `part`.
template <class Write>
void project_groups(const MatmulKernels& kernels, const Projection& p, std::int64_t begin, std::int64_t end,
                    const WorkPart& part, Buffer& memory, Write write) {
  const std::int64_t at_once = GroupsAtHand::at_once(kernels, p.weight, part);
  alignas(kAlignment) float values[GroupsAtHand::kMost * kTileTokens * kGroupRows];
  for (std::int64_t first = begin; first < end; first += at_once) {
    const int count = static_cast<int>(std::min(end - first, at_once));
    const GroupsAtHand groups(kernels, p.weight, first, count, part, memory);
    each_tile(part, p.inputs.n_tokens(), [&](TileSpan tile) {
      groups.multiply(p.inputs, tile, values);
      for (int t = 0; t < tile.n_tokens; ++t) {
        float* const out = p.out.row(tile.first_token + t);
        const float* from = values + t * kGroupRows;
        for (std::int64_t row = first * kGroupRows; row < (first + count) * kGroupRows; row += kGroupRows) {
          const std::int64_t n_rows = std::min<std::int64_t>(kGroupRows, p.weight.rows() - row);
          // A length the compiler knows makes this a few vector moves.
          n_rows == kGroupRows ? write(out + row, from, kGroupRows)
                               : write(out + row, from, static_cast<int>(n_rows));
          from += tile.n_tokens * kGroupRows;
        }
      }
    });
  }
}

// All projections in one parallel loop. write(out, values, n) puts n results where they belong; inline it.
template <class Write>
void project(ThreadPool& pool, const MatmulKernels& kernels, ExpandedMemory& memory,
             std::span<const Projection> projections, Write write) {
  std::int64_t total = 0;
  for (const Projection& p : projections) total += n_units(p.weight);
  const WorkSplit split(total, projections.front().inputs.n_tokens(), pool.size());
  pool.for_each(split.n_tasks(), [&](std::int64_t task, int worker) {
    const WorkPart part = split.part(task);
    std::int64_t at = 0;  // the projection's units
    for (const Projection& p : projections) {
      const auto [begin, end] = groups_in_units(p.weight, at, part.first_unit, part.end_unit);
      project_groups(kernels, p, begin, end, part, memory[worker][0], write);
      at += n_units(p.weight);
    }
  });
}

}  // namespace msrnn::cpu
