#include "msrnn/sequence.h"

#include <algorithm>
#include <utility>

#include "base/fail.h"
#include "runtime/prompt_state.h"

namespace msrnn {
namespace {

struct ReadTarget {
  const Model& model;
  MultiState& state;
  std::vector<float>& logits;
};

std::int64_t read_blocks(const ReadTarget& target, std::span<const Token> tokens,
                         const ReadOptions& options) {
  if (options.block < 1) fail_usage("a block has at least 1 token, found {}", options.block);
  const auto total = static_cast<std::int64_t>(tokens.size());
  // Taken away until the reading has succeeded: there are no logits after a token that could not be read.
  std::vector<float> logits = std::exchange(target.logits, {});
  logits.resize(static_cast<std::size_t>(target.model.config().vocabulary));
  std::int64_t done = 0;
  for (bool go_on = true; go_on && done < total;) {
    const auto n = static_cast<int>(std::min<std::int64_t>(options.block, total - done));
    const Segment segment{.first_row = 0, .n_rows = n, .state = &target.state};
    const std::int32_t last_row = n - 1;
    target.model.forward(tokens.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(n)),
                         std::span(&segment, 1), logits, {.logits_rows = std::span(&last_row, 1)});
    done += n;
    go_on = !options.progress || options.progress(done, total);
  }
  target.logits = std::move(logits);
  return done;
}

}  // namespace

Sequence::Sequence(const Model& model, const StateOptions& options)
    : Sequence(model, MultiState(model, options)) {}

Sequence::Sequence(const Model& model, MultiState state) : model_(&model), state_(std::move(state)) {}

std::int64_t Sequence::read(std::span<const Token> tokens, const ReadOptions& options) {
  if (tokens.empty()) return 0;
  return read_blocks({*model_, state_, logits_}, tokens, options);
}

std::int64_t Sequence::read_prompt_at_once(std::span<const Token> tokens, const ReadOptions& options) {
  std::optional<MultiState> wide = make_prompt_state(*model_, state_, std::ssize(tokens));
  if (!wide) return read(tokens, options);
  const std::int64_t n_read = read_blocks({*model_, *wide, logits_}, tokens, options);
  state_.select_from(*wide);
  return n_read;
}

Sequence Sequence::clone() const {
  Sequence copy(*model_, state_.clone());
  copy.logits_ = logits_;
  return copy;
}

void read_batch(std::span<Sequence* const> sequences, std::span<const Token> tokens) {
  if (sequences.size() != tokens.size()) {
    fail_usage("a batch of {} sequences needs as many tokens, found {}", sequences.size(), tokens.size());
  }
  if (sequences.empty()) return;
  const Model& model = sequences.front()->model();
  // Kept from step to step, which should ask for no memory.
  thread_local std::vector<Segment> segments;
  thread_local std::vector<std::int32_t> rows;
  thread_local std::vector<float> logits;
  segments.clear();
  rows.clear();
  for (Sequence* sequence : sequences) {
    if (&sequence->model() != &model) fail_usage("the sequences of a batch are of different models");
    const auto row = static_cast<std::int32_t>(rows.size());
    segments.push_back({.first_row = row, .n_rows = 1, .state = &sequence->state()});
    rows.push_back(row);
  }
  const auto vocabulary = static_cast<std::size_t>(model.config().vocabulary);
  logits.resize(rows.size() * vocabulary);
  model.forward(tokens, segments, logits, {.logits_rows = rows});
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    const auto first = logits.begin() + static_cast<std::ptrdiff_t>(i * vocabulary);
    sequences[i]->logits_.assign(first, first + static_cast<std::ptrdiff_t>(vocabulary));
  }
}

}  // namespace msrnn
