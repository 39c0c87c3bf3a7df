#include "eval/trace.h"

#include <algorithm>

#include "base/fail.h"
#include "eval/teacher_forcing.h"
#include "policy/parse.h"

namespace msrnn {
namespace {

std::int64_t most_kept(const MultiState& state, std::int64_t tokens) {
  if (!bounded(parse_policy(state.options().policy))) return tokens;
  int largest = 0;
  for (int layer = 0; layer < state.n_layers(); ++layer) largest = std::max(largest, state.capacity(layer));
  return largest;
}

std::vector<std::int32_t> kept_tokens(const MultiState& state, std::int64_t width) {
  std::vector<std::int32_t> kept;
  for (int layer = 0; layer < state.n_layers(); ++layer) {
    for (int lane = 0; lane < state.lanes(layer); ++lane) {
      std::vector<std::int32_t> positions = state.positions(layer, lane);
      positions.resize(static_cast<std::size_t>(width), -1);
      kept.insert(kept.end(), positions.begin(), positions.end());
    }
  }
  return kept;
}

}  // namespace

Trace trace(const Model& model, MultiState& state, std::span<const Token> tokens,
            const TraceOptions& options) {
  const std::int64_t total = std::ssize(tokens);
  if (total < 2) fail_usage("a trace needs at least 2 tokens, found {}", total);
  if (options.prompt_tokens < 0 || options.prompt_tokens > total) {
    fail_usage("a prompt of {} tokens does not fit the text of {}", options.prompt_tokens, total);
  }
  if (state.position() != 0)
    fail_usage("a trace starts with an empty state, found one that has read {} tokens", state.position());
  Trace result;
  result.tokens = total;
  result.layers = state.n_layers();
  result.lanes = state.lanes(0);
  result.kept_width = most_kept(state, total);
  const std::int64_t n_lanes = result.layers * result.lanes;
  result.victims.resize(static_cast<std::size_t>(n_lanes * total));
  result.nll.reserve(static_cast<std::size_t>(total - 1));

  const auto collect = [&](const ReadBlock& block) {
    for (const double loss : block.losses) result.nll.push_back(static_cast<float>(loss));
    for (std::int64_t lane = 0; lane < n_lanes; ++lane) {
      std::copy_n(block.victims.begin() + lane * block.count, block.count,
                  result.victims.begin() + lane * total + block.first);
    }
    if (options.progress) options.progress(block.first + block.count, total);
  };
  TeacherForcing reader(model, state, tokens,
                        {.block = options.block, .record_victims = true, .on_block = collect});
  if (options.prompt_tokens > 0) {
    if (options.prompt_mode == PromptMode::last_query) {
      reader.read_at_once_until(options.prompt_tokens);
    } else {
      reader.read_until(options.prompt_tokens);
    }
    result.kept_prompt = kept_tokens(state, result.kept_width);
  }
  reader.read_until(total);
  result.kept = kept_tokens(state, result.kept_width);
  return result;
}

}  // namespace msrnn
