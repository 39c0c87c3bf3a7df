#include "eval/language_modelling.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "base/parts.h"
#include "eval/perplexity.h"
#include "eval/pooled_loss.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

struct Chunk {
  const Book* book = nullptr;
  std::int64_t index = 0;
  std::span<const Token> tokens;
};

std::string key(const Setting& setting, const Chunk& chunk) {
  return fmt::format("{}/{}/{}", setting.key(), chunk.book->name, chunk.index);
}

std::vector<Chunk> cut(const Book& book, const LanguageModellingOptions& options) {
  const std::int64_t shortest = options.full_chunks ? options.context : 2;
  const std::int64_t total = std::ssize(book.tokens);
  std::int64_t count = parts(total, options.context);
  if (options.chunks != 0) count = std::min(count, options.chunks);
  std::vector<Chunk> chunks;
  for (std::int64_t c = 0; c < count; ++c) {
    const std::int64_t begin = c * options.context, length = std::min(options.context, total - begin);
    if (length < shortest) break;
    chunks.push_back(
        {&book, c,
         std::span(book.tokens).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(length))});
  }
  if (chunks.empty()) fail_usage("{}: expected at least {} tokens, found {}", book.name, shortest, total);
  return chunks;
}

class Experiment {
 public:
  Experiment(const Engine& engine, std::span<const Book> books, const LanguageModellingOptions& options,
             ResultFile& results)
      : engine_(engine), options_(options), results_(results) {
    for (const Book& book : books) {
      const std::vector<Chunk> chunks = cut(book, options);
      chunks_.insert(chunks_.end(), chunks.begin(), chunks.end());
    }
    // The first chunks of all books come first, so that a run that is stopped has seen all of them.
    in_order_ = chunks_;
    std::stable_sort(in_order_.begin(), in_order_.end(),
                     [](const Chunk& a, const Chunk& b) { return a.index < b.index; });
  }

  void measure_all();
  void summarise_all();

 private:
  Loss measure(const Setting& setting, const Chunk& chunk);
  // Of a setting's chunks, in the books' order; of one book, or of all for null.
  std::vector<Loss> losses(const Setting& setting, const Book* book) const;
  void summarise(const Setting& setting, const Book* book);

  const Engine& engine_;
  const LanguageModellingOptions& options_;
  ResultFile& results_;
  std::vector<Chunk> chunks_;    // as the books come
  std::vector<Chunk> in_order_;  // as they are read
  LanguageModellingProgress progress_;
};

void Experiment::measure_all() {
  const auto each_missing = [&](const auto& visit) {
    for (const Chunk& chunk : in_order_) {
      for (const Setting& setting : options_.settings) {
        const std::string name = key(setting, chunk);
        if (results_.find(name) == nullptr) visit(setting, chunk, name);
      }
    }
  };
  each_missing([&](const Setting&, const Chunk& chunk, const std::string&) {
    progress_.tokens_total += std::ssize(chunk.tokens);
  });
  each_missing([&](const Setting& setting, const Chunk& chunk, const std::string& name) {
    progress_.unit = name;
    const Loss loss = measure(setting, chunk);
    if (!std::isfinite(loss.nll_sum)) fail("{}: the loss is {}, not a number", name, loss.nll_sum);
    Json result;
    write_setting(result, setting);
    result["book"] = chunk.book->name;
    result["chunk"] = chunk.index;
    write_loss(result, loss);
    results_.add(name, result);
  });
}

Loss Experiment::measure(const Setting& setting, const Chunk& chunk) {
  const bool baseline = setting.policy == kBaseline;
  const Setting kept = baseline ? Setting{"full"} : setting;
  const StateOptions state = kept.state({.type = options_.state_type, .positions = options_.positions});
  const std::int64_t before = progress_.tokens_read;
  const PerplexityResult result = measure_perplexity(engine_.model, state, chunk.tokens,
                                                     {.context = baseline ? setting.size : 0,
                                                      .first_token = engine_.tokenizer.leading_bos(),
                                                      .progress = [&](const PerplexityProgress& progress) {
                                                        progress_.tokens_read = before + progress.tokens_read;
                                                        if (options_.progress) options_.progress(progress_);
                                                      }});
  progress_.tokens_read = before + std::ssize(chunk.tokens);
  const std::int64_t piece = baseline ? setting.size : options_.context;
  return {result.tokens, scored_bytes(engine_.tokenizer, chunk.tokens, piece), result.nll_sum};
}

std::vector<Loss> Experiment::losses(const Setting& setting, const Book* book) const {
  std::vector<Loss> found;
  for (const Chunk& chunk : chunks_) {
    if (book == nullptr || chunk.book == book)
      found.push_back(read_loss(*results_.find(key(setting, chunk))));
  }
  return found;
}

void Experiment::summarise(const Setting& setting, const Book* book) {
  const std::string name = setting.summary_key() + (book == nullptr ? "" : "/" + book->name);
  if (results_.find(name) != nullptr) return;
  Json summary;
  write_setting(summary, setting);
  if (book != nullptr) summary["book"] = book->name;
  const std::vector<Loss> ours = losses(setting, book);
  write_pooled(summary, ours);
  const auto is_full = [](const Setting& other) { return other.policy == "full"; };
  const auto full = std::find_if(options_.settings.begin(), options_.settings.end(), is_full);
  if (full != options_.settings.end() && !is_full(setting)) {
    write_distance(summary, ours, losses(*full, book));
  }
  results_.add(name, summary);
}

void Experiment::summarise_all() {
  for (const Setting& setting : options_.settings) {
    const Book* last = nullptr;
    for (const Chunk& chunk : chunks_) {
      if (chunk.book != last) summarise(setting, chunk.book);
      last = chunk.book;
    }
    summarise(setting, nullptr);
  }
}

}  // namespace

std::int64_t scored_bytes(const Tokenizer& tokenizer, std::span<const Token> tokens, std::int64_t piece) {
  std::int64_t bytes = 0;
  for (std::int64_t i = 0; i < std::ssize(tokens); ++i) {
    const Token token = tokens[static_cast<std::size_t>(i)];
    if (i % piece != 0 && !tokenizer.is_special(token)) bytes += std::ssize(tokenizer.piece(token));
  }
  return bytes;
}

void measure_language_modelling(const Engine& engine, std::span<const Book> books,
                                const LanguageModellingOptions& options, ResultFile& results) {
  if (options.context < 2) fail_usage("a chunk has at least 2 tokens, found {}", options.context);
  if (options.chunks < 0) fail_usage("chunks: expected 0 (all) or more, found {}", options.chunks);
  if (books.empty()) fail_usage("expected at least one book, found none");
  Experiment experiment(engine, books, options, results);
  experiment.measure_all();
  experiment.summarise_all();
}

}  // namespace msrnn
