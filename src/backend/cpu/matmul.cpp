#include "backend/cpu/matmul.h"

#include "base/parts.h"

namespace msrnn::cpu {
namespace {

// More tasks than threads, so that one thread which is held up does not hold up the others.
constexpr std::int64_t kTasksPerThread = 4;

}  // namespace

WorkSplit::WorkSplit(std::int64_t n_units, std::int64_t n_tokens, int threads)
    : n_units_(n_units), n_tokens_(n_tokens) {
  const std::int64_t wanted = threads == 1 ? 1 : threads * kTasksPerThread;
  // A unit of one tile is less than a microsecond of work: with many tiles a few are enough for a task.
  const std::int64_t most = n_tokens > 2 * kTileTokens ? 4 : n_units;
  units_per_part_ = std::clamp<std::int64_t>(n_units / wanted, 1, most);
  unit_parts_ = parts(n_units, units_per_part_);
  const std::int64_t n_tiles = parts(n_tokens, kTileTokens);
  const std::int64_t token_parts = std::clamp<std::int64_t>(parts(wanted, unit_parts_), 1, n_tiles);
  tokens_per_part_ = parts(n_tiles, token_parts) * kTileTokens;
  token_parts_ = parts(n_tokens, tokens_per_part_);
}

WorkPart WorkSplit::part(std::int64_t task) const {
  const std::int64_t unit = task % unit_parts_ * units_per_part_;
  const std::int64_t token = task / unit_parts_ * tokens_per_part_;
  return {unit, std::min(unit + units_per_part_, n_units_), token,
          std::min(token + tokens_per_part_, n_tokens_)};
}

}  // namespace msrnn::cpu
