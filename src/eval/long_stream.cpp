#include "eval/long_stream.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/fail.h"
#include "base/parts.h"
#include "eval/pooled_loss.h"
#include "eval/stream_snapshot.h"
#include "eval/teacher_forcing.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kTokensThatTellBooksApart = 64;

class Streams {
 public:
  Streams(const Engine& engine, std::span<const Book> books, const LongStreamOptions& options,
          ResultFile& results)
      : engine_(engine),
        books_(books),
        options_(options),
        results_(results),
        runs_(stream_runs(options)),
        n_bins_(parts(options.tokens - 1, options.bin)),
        snapshot_(options.snapshot) {}

  void read_all();
  void summarise_all();

 private:
  std::string key(const StreamRun& run, const Book& book, std::int64_t bin) const {
    return fmt::format("{}/{}/{}", run.key(), book.name, bin);
  }
  // Bins of a stream that are in the file.
  std::int64_t bins_done(const StreamRun& run, const Book& book) const;
  std::int64_t tokens_left(const StreamRun& run, const Book& book) const {
    return options_.tokens - std::min(options_.tokens, bins_done(run, book) * options_.bin);
  }
  // The state of a run that was killed in this stream, if it may be used: no further on than bins_done.
  std::optional<MultiState> resume(const StreamRun& run, const Book& book,
                                   std::span<const Token> tokens) const;
  void read(const StreamRun& run, const Book& book);
  Loss read_bin(TeacherForcing& reader, std::int64_t end_of_bin);
  void add(const StreamRun& run, const Book& book, std::int64_t bin, Loss loss,
           std::span<const Token> tokens);
  void summarise(const StreamRun& run, std::optional<std::int64_t> bin);

  const Engine& engine_;
  std::span<const Book> books_;
  const LongStreamOptions& options_;
  ResultFile& results_;
  std::vector<StreamRun> runs_;
  std::int64_t n_bins_;
  StreamSnapshot snapshot_;
  LanguageModellingProgress progress_;
  Loss loss_;  // of the bin at work
};

std::int64_t Streams::bins_done(const StreamRun& run, const Book& book) const {
  std::int64_t bin = 0;
  while (bin < n_bins_ && results_.find(key(run, book, bin)) != nullptr) ++bin;
  return bin;
}

// What follows a position says which book it is in.
std::vector<Token> next_tokens(std::span<const Token> tokens, std::int64_t position) {
  const auto rest = tokens.subspan(static_cast<std::size_t>(position));
  const auto some = rest.first(std::min<std::size_t>(rest.size(), kTokensThatTellBooksApart));
  return {some.begin(), some.end()};
}

std::optional<MultiState> Streams::resume(const StreamRun& run, const Book& book,
                                          std::span<const Token> tokens) const {
  std::optional<MultiState::Saved> saved = snapshot_.load(engine_.model);
  if (!saved) return std::nullopt;
  const StateOptions& found = saved->state.options();
  const std::int64_t position = saved->state.position();
  const bool same_run = found.policy == run.setting.policy && found.positions == run.positions &&
                        found.type == options_.state_type &&
                        (run.setting.size == 0 || saved->state.capacity(0) == run.setting.size);
  const bool usable = position % options_.bin == 0 && position <= bins_done(run, book) * options_.bin;
  if (!same_run || !usable || saved->unread != next_tokens(tokens, position)) return std::nullopt;
  return std::move(saved->state);
}

void Streams::read(const StreamRun& run, const Book& book) {
  std::vector<Token> tokens(book.tokens.begin(), book.tokens.begin() + options_.tokens);
  if (const auto bos = engine_.tokenizer.leading_bos()) tokens.front() = *bos;
  std::optional<MultiState> state = resume(run, book, tokens);
  if (!state) {
    state.emplace(engine_.model,
                  run.setting.state({.type = options_.state_type, .positions = run.positions}));
  }
  const std::int64_t start = state->position();
  const std::int64_t read_before = progress_.tokens_read, known = bins_done(run, book) * options_.bin;
  const auto count = [&](const ReadBlock& block) {
    for (const double loss : block.losses) loss_.nll_sum += loss;
    loss_.tokens += std::ssize(block.losses);
    progress_.tokens_read =
        read_before + std::max<std::int64_t>(0, start + block.first + block.count - known);
    if (options_.progress) options_.progress(progress_);
  };
  TeacherForcing reader(engine_.model, *state, std::span(tokens).subspan(static_cast<std::size_t>(start)),
                        {.on_block = count});
  for (std::int64_t bin = start / options_.bin; bin < n_bins_; ++bin) {
    progress_.unit = key(run, book, bin);
    const std::int64_t end = std::min(options_.tokens, (bin + 1) * options_.bin);
    const Loss loss = read_bin(reader, end - start);
    if (results_.find(progress_.unit) == nullptr) add(run, book, bin, loss, tokens);
    if (bin + 1 < n_bins_) snapshot_.save(*state, next_tokens(tokens, end));
  }
}

Loss Streams::read_bin(TeacherForcing& reader, std::int64_t end_of_bin) {
  loss_ = {};
  reader.read_until(end_of_bin);
  return loss_;
}

void Streams::add(const StreamRun& run, const Book& book, std::int64_t bin, Loss loss,
                  std::span<const Token> tokens) {
  if (!std::isfinite(loss.nll_sum)) fail("{}: the loss is {}, not a number", progress_.unit, loss.nll_sum);
  const std::int64_t first = bin * options_.bin;
  // From the bin's first token on: scored are those after it.
  const auto scored =
      tokens.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(loss.tokens) + 1);
  loss.bytes = scored_bytes(engine_.tokenizer, scored, std::ssize(scored));
  Json result;
  write_setting(result, run.setting);
  result["positions"] = run.positions;
  result["book"] = book.name;
  result["bin"] = bin;
  result["first"] = first;
  write_loss(result, loss);
  results_.add(progress_.unit, result);
}

void Streams::read_all() {
  for (const StreamRun& run : runs_) {
    for (const Book& book : books_) progress_.tokens_total += tokens_left(run, book);
  }
  for (const StreamRun& run : runs_) {
    for (const Book& book : books_) {
      if (bins_done(run, book) < n_bins_) read(run, book);
    }
  }
  snapshot_.remove();
}

void Streams::summarise(const StreamRun& run, std::optional<std::int64_t> bin) {
  const std::string name = fmt::format("summary/{}{}", run.key(), bin ? fmt::format("/{}", *bin) : "");
  if (results_.find(name) != nullptr) return;
  std::vector<Loss> losses;
  for (const Book& book : books_) {
    Loss of_book;
    for (std::int64_t b = bin.value_or(0); b < (bin ? *bin + 1 : n_bins_); ++b) {
      of_book += read_loss(*results_.find(key(run, book, b)));
    }
    losses.push_back(of_book);
  }
  Json summary;
  write_setting(summary, run.setting);
  summary["positions"] = run.positions;
  if (bin) summary["bin"] = *bin;
  if (bin) summary["first"] = *bin * options_.bin;
  write_pooled(summary, losses);
  results_.add(name, summary);
}

void Streams::summarise_all() {
  for (const StreamRun& run : runs_) {
    for (std::int64_t bin = 0; bin < n_bins_; ++bin) summarise(run, bin);
    summarise(run, std::nullopt);
  }
}

void check(std::span<const Book> books, const LongStreamOptions& options) {
  if (options.tokens < 2) fail_usage("a stream has at least 2 tokens, found {}", options.tokens);
  if (options.bin < 1) fail_usage("a bin has at least 1 token, found {}", options.bin);
  if (options.positions.empty()) fail_usage("expected at least one position mode, found none");
  for (const Setting& setting : options.settings) {
    if (setting.policy == kBaseline) fail_usage("an unbroken stream has no baseline: leave that policy out");
  }
  if (books.empty()) fail_usage("expected at least one book of {} tokens, found none", options.tokens);
}

}  // namespace

std::string StreamRun::key() const { return fmt::format("{}/{}", setting.key(), positions); }

std::vector<StreamRun> stream_runs(const LongStreamOptions& options) {
  std::vector<StreamRun> runs;
  for (const Setting& setting : options.settings) {
    for (const std::string& mode : options.positions) {
      if (setting.size != 0 || mode == options.positions.front()) runs.push_back({setting, mode});
    }
  }
  return runs;
}

std::vector<Book> long_books(std::vector<Book> books, std::int64_t tokens) {
  std::erase_if(books, [&](const Book& book) { return std::ssize(book.tokens) < tokens; });
  return books;
}

void measure_long_streams(const Engine& engine, std::span<const Book> books, const LongStreamOptions& options,
                          ResultFile& results) {
  check(books, options);
  Streams streams(engine, books, options, results);
  streams.read_all();
  streams.summarise_all();
}

}  // namespace msrnn
