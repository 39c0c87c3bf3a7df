#include "backend/cpu/matmul.h"

namespace msrnn::cpu {
namespace {

// More tasks than threads, so that one thread which is held up does not hold up the others.
constexpr std::int64_t kTasksPerThread = 4;
// A unit of one tile is a microsecond of work: with many tiles, tasks can be more and still worth their
// start.
constexpr std::int64_t kManyTiles = 3, kShortTasksPerThread = 16;
// So many tiles pay for reading the weights once more: a thread that has tokens of its own keeps their
// numbers in its cache from one product to the next.
constexpr std::int64_t kOwnTiles = 4;

}  // namespace

WorkSplit::WorkSplit(std::int64_t n_units, std::int64_t n_tokens, int threads)
    : n_units_(n_units), n_tokens_(n_tokens), unit_parts_(1), token_parts_(1) {
  if (threads == 1) return;
  const std::int64_t n_tiles = parts(n_tokens, kTileTokens);
  const std::int64_t least = threads * kTasksPerThread;
  const std::int64_t most = n_tiles < kManyTiles ? least : threads * kShortTasksPerThread;
  token_parts_ = std::clamp<std::int64_t>(n_tiles / kOwnTiles, 1, threads);
  // Two units and more share what is loaded of a tile.
  unit_parts_ = std::clamp<std::int64_t>(n_units / 2, 1, most / token_parts_);
  if (unit_parts_ > threads) unit_parts_ -= unit_parts_ % threads;
  if (unit_parts_ * token_parts_ < least) token_parts_ = std::min(parts(least, unit_parts_), n_tiles);
}

WorkPart WorkSplit::part(std::int64_t task) const {
  const Part units = even_part(n_units_, unit_parts_, task % unit_parts_);
  const Part tiles = even_part(parts(n_tokens_, kTileTokens), token_parts_, task / unit_parts_);
  return {units.begin, units.end, tiles.begin * kTileTokens, std::min(tiles.end * kTileTokens, n_tokens_)};
}

}  // namespace msrnn::cpu
