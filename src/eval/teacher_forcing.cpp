#include "eval/teacher_forcing.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "base/fail.h"
#include "runtime/prompt_state.h"

namespace msrnn {
double negative_log_likelihood(std::span<const float> logits, Token target) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float x : logits) sum += std::exp(static_cast<double>(x) - largest);
  return std::log(sum) - (static_cast<double>(logits[static_cast<std::size_t>(target)]) - largest);
}

TeacherForcing::TeacherForcing(const Model& model, MultiState& state, std::span<const Token> tokens,
                               TeacherForcingOptions options)
    : model_(model), state_(state), tokens_(tokens), options_(std::move(options)), threads_(model.threads()) {
  if (options_.block < 1) fail_usage("a block has at least 1 token, found {}", options_.block);
}

void TeacherForcing::read_until(std::int64_t end) { read_into(state_, end); }

void TeacherForcing::read_at_once_until(std::int64_t end) {
  std::optional<MultiState> wide = make_prompt_state(model_, state_, end);
  if (!wide) return read_into(state_, end);
  read_into(*wide, end);
  state_.select_from(*wide);
}

void TeacherForcing::read_into(MultiState& state, std::int64_t end) {
  while (next_ < end) {
    std::int64_t count = std::min<std::int64_t>(options_.block, end - next_);
    if (next_ < options_.score_after) {
      count = std::min(count, options_.score_after - next_);
    } else {
      count = std::min<std::int64_t>(count, kMostScoredRows);
    }
    read_block(state, count);
  }
}

void TeacherForcing::read_block(MultiState& state, std::int64_t count) {
  const auto total = static_cast<std::int64_t>(tokens_.size());
  const std::int64_t first_scored = std::max(next_, options_.score_after);
  // The last token of the text predicts nothing that is known.
  const std::int64_t n_scored = std::max<std::int64_t>(0, std::min(next_ + count, total - 1) - first_scored);
  const auto vocabulary = static_cast<std::size_t>(model_.config().vocabulary);
  rows_.resize(static_cast<std::size_t>(n_scored));
  std::iota(rows_.begin(), rows_.end(), static_cast<std::int32_t>(first_scored - next_));
  logits_.resize(rows_.size() * vocabulary);
  if (options_.record_victims) {
    victims_.resize(static_cast<std::size_t>(state.n_layers() * state.lanes(0) * count));
  }

  const Segment segment{0, static_cast<int>(count), &state,
                        options_.record_victims ? victims_.data() : nullptr};
  model_.forward(tokens_.subspan(static_cast<std::size_t>(next_), static_cast<std::size_t>(count)),
                 {&segment, 1}, logits_, {.logits_rows = rows_, .observe = {}});

  losses_.resize(rows_.size());
  threads_.for_each(std::ssize(losses_), [&](std::int64_t row, int) {
    const auto i = static_cast<std::size_t>(row);
    const Token target = tokens_[static_cast<std::size_t>(first_scored) + i + 1];
    losses_[i] = negative_log_likelihood(std::span(logits_).subspan(i * vocabulary, vocabulary), target);
  });
  const ReadBlock block{next_, count, first_scored, losses_, victims_};
  next_ += count;
  if (options_.on_block) options_.on_block(block);
}

}  // namespace msrnn
