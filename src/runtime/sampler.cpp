#include "msrnn/sampler.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"

namespace msrnn {
namespace {

void check(const SamplerOptions& options) {
  if (!(options.temperature >= 0) || std::isinf(options.temperature)) {
    fail_usage("temperature: expected 0 or more, found {}", options.temperature);
  }
  if (options.top_k < 0) fail_usage("top-k: expected 0 or more, found {}", options.top_k);
  if (!(options.top_p > 0 && options.top_p <= 1)) {
    fail_usage("top-p: expected more than 0 and at most 1, found {}", options.top_p);
  }
  if (!(options.min_p >= 0 && options.min_p <= 1)) {
    fail_usage("min-p: expected a number from 0 to 1, found {}", options.min_p);
  }
  if (!(options.repetition_penalty >= 0.01f && options.repetition_penalty <= 100)) {
    fail_usage("repetition penalty: expected a number from 0.01 to 100, found {}",
               options.repetition_penalty);
  }
  if (options.repetition_window < 0) {
    fail_usage("repetition window: expected 0 or more, found {}", options.repetition_window);
  }
}

// Total, so that the order of candidates does not depend on the algorithm that sorts them.
constexpr auto kLikelier = [](const auto& a, const auto& b) {
  return a.value > b.value || (a.value == b.value && a.token < b.token);
};

template <class Candidates>
void keep_top_k(Candidates& candidates, std::size_t k) {
  if (k == 0 || k >= candidates.size()) return;
  std::nth_element(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(k), candidates.end(),
                   kLikelier);
  candidates.resize(k);
}

// Logits become probabilities; impossible candidates go.
template <class Candidates>
void softmax(Candidates& candidates, float temperature) {
  float largest = candidates.front().value;
  for (const auto& candidate : candidates) largest = std::max(largest, candidate.value);
  double sum = 0;
  for (auto& candidate : candidates) {
    candidate.value = std::exp((candidate.value - largest) / temperature);
    sum += candidate.value;
  }
  for (auto& candidate : candidates) candidate.value = static_cast<float>(candidate.value / sum);
  std::erase_if(candidates, [](const auto& candidate) { return candidate.value == 0; });
}

// The likeliest whose sum reaches p. Few are needed as a rule, so they are sorted in growing portions.
template <class Candidates>
void keep_top_p(Candidates& candidates, float p) {
  if (p >= 1) return;
  double sum = 0;
  std::size_t sorted = 0;
  for (std::size_t kept = 0; kept < candidates.size(); ++kept) {
    if (kept == sorted) {
      sorted = std::min(candidates.size(), std::max<std::size_t>(64, 4 * sorted));
      std::partial_sort(candidates.begin() + static_cast<std::ptrdiff_t>(kept),
                        candidates.begin() + static_cast<std::ptrdiff_t>(sorted), candidates.end(),
                        kLikelier);
    }
    sum += candidates[kept].value;
    if (sum >= p) {
      candidates.resize(kept + 1);
      return;
    }
  }
}

template <class Candidates>
void keep_min_p(Candidates& candidates, float p) {
  if (p == 0) return;
  const float least = p * std::min_element(candidates.begin(), candidates.end(), kLikelier)->value;
  std::erase_if(candidates, [least](const auto& candidate) { return candidate.value < least; });
}

template <class Candidates>
Token draw(const Candidates& candidates, std::mt19937_64& random) {
  double sum = 0;
  for (const auto& candidate : candidates) sum += candidate.value;
  // The standard leaves the values of uniform_real_distribution to the library; these are the same
  // everywhere.
  double left = static_cast<double>(random() >> 11) * 0x1p-53 * sum;
  for (const auto& candidate : candidates) {
    left -= candidate.value;
    if (left < 0) return candidate.token;
  }
  return candidates.back().token;
}

}  // namespace

Sampler::Sampler(const SamplerOptions& options) : options_(options), random_(options.seed) { check(options); }

void Sampler::accept(Token token) {
  if (options_.repetition_window == 0) return;
  if (recent_.size() < static_cast<std::size_t>(options_.repetition_window)) {
    recent_.push_back(token);
    return;
  }
  recent_[next_recent_] = token;
  next_recent_ = (next_recent_ + 1) % recent_.size();
}

Token Sampler::sample(std::span<const float> logits) {
  candidates_.clear();
  bool any_possible = false;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const auto token = static_cast<Token>(i);
    if (std::isnan(logits[i]) || logits[i] == INFINITY) fail("the logit of token {} is {}", token, logits[i]);
    any_possible = any_possible || logits[i] != -INFINITY;
    candidates_.push_back({token, logits[i]});
  }
  if (!any_possible) fail("no token is possible: all {} logits are -inf", logits.size());
  for (const Token token : recent_) {
    if (token < 0 || static_cast<std::size_t>(token) >= logits.size()) {
      fail("repetition penalty: token {} is outside the vocabulary of {}", token, logits.size());
    }
    // From the logit, not the candidate: a token seen twice is punished once.
    const float logit = logits[static_cast<std::size_t>(token)];
    const float penalty = options_.repetition_penalty;
    candidates_[static_cast<std::size_t>(token)].value = logit > 0 ? logit / penalty : logit * penalty;
  }
  if (options_.temperature == 0) {
    return std::min_element(candidates_.begin(), candidates_.end(), kLikelier)->token;
  }
  keep_top_k(candidates_, static_cast<std::size_t>(options_.top_k));
  softmax(candidates_, options_.temperature);
  keep_top_p(candidates_, options_.top_p);
  keep_min_p(candidates_, options_.min_p);
  return draw(candidates_, random_);
}

}  // namespace msrnn
