#include "eval/kept_tokens.h"

#include <algorithm>

#include "base/fail.h"
#include "eval/teacher_forcing.h"

namespace msrnn {
namespace {

// Mean of value(set) over the lanes of each layer.
template <class Value>
std::vector<double> by_layer(const KeptTokens& kept, Value value) {
  std::vector<double> means(static_cast<std::size_t>(kept.layers));
  for (std::int64_t i = 0; i < kept.sets(); ++i) {
    means[static_cast<std::size_t>(i / kept.lanes)] += value(kept.set(i)) / static_cast<double>(kept.lanes);
  }
  return means;
}

// Tokens of one set after each step that are kept and among the last `size` read: [tokens].
std::vector<std::int64_t> count_recent(std::span<const std::int32_t> dropped_at, std::int64_t size) {
  const std::int64_t n = std::ssize(dropped_at);
  std::vector<std::int64_t> counts(static_cast<std::size_t>(n) + 1);
  for (std::int64_t token = 0; token < n; ++token) {
    const std::int64_t gone = dropped_at[static_cast<std::size_t>(token)];
    ++counts[static_cast<std::size_t>(token)];
    --counts[static_cast<std::size_t>(std::min({gone, token + size, n}))];
  }
  for (std::size_t i = 1; i < counts.size(); ++i) counts[i] += counts[i - 1];
  counts.pop_back();
  return counts;
}

}  // namespace

KeptTokens read_and_watch(const Model& model, const StateOptions& state_options,
                          std::span<const Token> tokens, const KeptTokensOptions& options) {
  if (tokens.empty()) fail_usage("a text without tokens: there is nothing to keep");
  MultiState state(model, state_options);
  KeptTokens kept;
  kept.tokens = std::ssize(tokens);
  kept.layers = state.n_layers();
  kept.lanes = state.lanes(0);
  kept.dropped_at.assign(static_cast<std::size_t>(kept.sets() * kept.tokens), KeptTokens::kNever);
  const auto note = [&](const ReadBlock& block) {
    for (std::int64_t i = 0; i < kept.sets() * block.count; ++i) {
      const std::int32_t victim = block.victims[static_cast<std::size_t>(i)];
      const std::int64_t set = i / block.count, step = block.first + i % block.count;
      if (victim < 0) continue;
      kept.dropped_at[static_cast<std::size_t>(set * kept.tokens + victim)] = static_cast<std::int32_t>(step);
    }
    if (options.progress) options.progress(block.first + block.count, kept.tokens);
  };
  TeacherForcing(
      model, state, tokens,
      {.block = options.block, .score_after = kept.tokens, .record_victims = true, .on_block = note})
      .read_until(kept.tokens);
  return kept;
}

std::vector<double> survival(const KeptTokens& kept) {
  std::vector<double> means(static_cast<std::size_t>(kept.tokens));
  for (std::int64_t token = 0; token < kept.tokens; ++token) {
    std::int64_t steps = 0;
    for (std::int64_t i = 0; i < kept.sets(); ++i) {
      const std::int64_t gone = kept.set(i)[static_cast<std::size_t>(token)];
      steps += std::min(gone, kept.tokens - 1) - token + 1;
    }
    means[static_cast<std::size_t>(token)] = static_cast<double>(steps) / static_cast<double>(kept.sets());
  }
  return means;
}

std::vector<double> recent_share(const KeptTokens& kept, std::int64_t size) {
  std::vector<double> shares(static_cast<std::size_t>(kept.tokens));
  for (std::int64_t i = 0; i < kept.sets(); ++i) {
    const std::vector<std::int64_t> recent = count_recent(kept.set(i), size);
    for (std::size_t step = 0; step < shares.size(); ++step)
      shares[step] += static_cast<double>(recent[step]);
  }
  for (std::int64_t step = 0; step < kept.tokens; ++step) {
    shares[static_cast<std::size_t>(step)] /= static_cast<double>(kept.sets() * std::min(step + 1, size));
  }
  return shares;
}

std::vector<double> final_recent_share(const KeptTokens& kept, std::int64_t size) {
  const auto all = static_cast<double>(std::min(kept.tokens, size));
  return by_layer(kept, [&](auto set) { return static_cast<double>(count_recent(set, size).back()) / all; });
}

std::vector<double> first_token_kept(const KeptTokens& kept) {
  return by_layer(kept, [](auto set) { return set.front() == KeptTokens::kNever ? 1.0 : 0.0; });
}

}  // namespace msrnn
