#include "eval/perplexity.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/fail.h"
#include "base/stopwatch.h"
#include "eval/teacher_forcing.h"

namespace msrnn {
namespace {

void check(const PerplexityOptions& options) {
  if (options.context < 0 || options.context == 1) {
    fail_usage("a chunk has at least 2 tokens (or 0: the whole text), found {}", options.context);
  }
  if (options.skip < 0) fail_usage("tokens to skip: expected 0 or more, found {}", options.skip);
  if (options.chunks < 0) fail_usage("chunks: expected 0 (all) or more, found {}", options.chunks);
  if (options.context != 0 && options.skip > options.context - 2) {
    fail_usage("a chunk of {} tokens has nothing to score after the first {}", options.context,
               options.skip + 1);
  }
}

// The parts of the text that are read each with an empty state, and that have something to score.
std::vector<std::vector<Token>> split(std::span<const Token> tokens, const PerplexityOptions& options) {
  const std::size_t length = options.context == 0 ? tokens.size() : static_cast<std::size_t>(options.context);
  const auto shortest = options.full_chunks ? length : static_cast<std::size_t>(options.skip) + 2;
  std::vector<std::vector<Token>> chunks;
  while (!tokens.empty() && (options.chunks == 0 || std::ssize(chunks) < options.chunks)) {
    const auto chunk = tokens.first(std::min(length, tokens.size()));
    tokens = tokens.subspan(chunk.size());
    if (chunk.size() >= std::max<std::size_t>(shortest, static_cast<std::size_t>(options.skip) + 2)) {
      chunks.emplace_back(chunk.begin(), chunk.end());
      if (options.first_token) chunks.back().front() = *options.first_token;
    }
  }
  return chunks;
}

}  // namespace

double PerplexityResult::perplexity() const { return std::exp(mean_nll()); }

PerplexityResult measure_perplexity(const Model& model, const StateOptions& state_options,
                                    std::span<const Token> tokens, const PerplexityOptions& options) {
  check(options);
  const auto chunks = split(tokens, options);
  if (chunks.empty()) {
    fail_usage("the text has {} tokens: expected at least {}", tokens.size(),
               options.full_chunks && options.context != 0 ? options.context : options.skip + 2);
  }
  PerplexityProgress progress{.n_chunks = std::ssize(chunks)};
  for (const auto& chunk : chunks) progress.tokens_total += std::ssize(chunk);

  MultiState state(model, state_options);
  PerplexityResult result;
  const Stopwatch watch;
  for (const auto& chunk : chunks) {
    state.reset();
    const PerplexityProgress before = progress;
    TeacherForcing reader(
        model, state, chunk,
        {.block = options.block, .score_after = options.skip, .on_block = [&](const ReadBlock& block) {
           progress.tokens_read += block.count;
           progress.tokens_scored += std::ssize(block.losses);
           for (const double loss : block.losses) progress.nll_sum += loss;
           if (options.progress) options.progress(progress);
         }});
    if (options.prompt_mode == PromptMode::last_query) reader.read_at_once_until(options.skip + 1);
    reader.read_until(std::ssize(chunk));
    result.state_bytes = std::max(result.state_bytes, state.bytes());
    result.chunks.push_back(
        {progress.tokens_scored - before.tokens_scored, progress.nll_sum - before.nll_sum});
    ++progress.chunk;
  }
  result.seconds = watch.seconds();
  result.tokens = progress.tokens_scored;
  result.tokens_read = progress.tokens_read;
  result.nll_sum = progress.nll_sum;
  return result;
}

}  // namespace msrnn
