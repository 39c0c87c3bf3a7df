// One unbroken run over the beginning of each long book: perplexity against position, far beyond the texts
// that a model was trained on (the paper's run to 70,000 tokens).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "msrnn/engine.h"

#include "eval/language_modelling.h"
#include "eval/result_file.h"
#include "eval/settings.h"

namespace msrnn {

struct LongStreamOptions {
  std::vector<Setting> settings;       // no "baseline"
  std::vector<std::string> positions;  // position modes; with a policy that keeps everything only the first
  std::int64_t tokens = 70000;         // of each book
  std::int64_t bin = 1024;             // tokens a result is about
  std::string state_type = "f16";
  // A folder for the state of the book that is being read (stream_snapshot.h); gone at the end.
  std::filesystem::path snapshot;
  LanguageModellingCallback progress = {};
};

// A setting in one position mode.
struct StreamRun {
  Setting setting;
  std::string positions;

  // "tova/512/compressed"
  std::string key() const;
};

std::vector<StreamRun> stream_runs(const LongStreamOptions& options);

// The books that are long enough.
std::vector<Book> long_books(std::vector<Book> books, std::int64_t tokens);

// Adds what the file lacks. One result a bin, book, setting and mode, key "tova/512/compressed/BOOK/BIN":
// policy, size, positions, book, bin, first (token of the bin), tokens (scored: those after each token of the
// bin), bytes, nll_sum. When all are there: over the books, "summary/tova/512/compressed/BIN" and
// "summary/tova/512/compressed" as write_pooled makes them. Each book must have that many tokens.
void measure_long_streams(const Engine& engine, std::span<const Book> books, const LongStreamOptions& options,
                          ResultFile& results);

}  // namespace msrnn
