// The paper's language modelling experiment: perplexity of chunks of books, by policy and size of the state.
//
// A book's chunks are those of measure_perplexity: `context` tokens each, the state empty at the start of
// each. Policies that keep everything are the topline; "baseline" at size k is full attention over pieces of
// k tokens, with which the paper compares a state of k.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "msrnn/engine.h"

#include "eval/result_file.h"
#include "eval/settings.h"

namespace msrnn {

struct Book {
  std::string name;
  std::vector<Token> tokens;
};

struct LanguageModellingProgress {
  std::string unit;  // key of the one at work
  // Of the units that were not in the file at the start.
  std::int64_t tokens_read = 0, tokens_total = 0;
};

// Called after every block. It may throw, which ends everything; what was added stays.
using LanguageModellingCallback = std::function<void(const LanguageModellingProgress&)>;

struct LanguageModellingOptions {
  std::vector<Setting> settings;
  std::int64_t context = 4096;
  std::int64_t chunks = 0;   // of a book, at most; 0: all
  bool full_chunks = false;  // a shorter last chunk is left out
  std::string state_type = "f16";
  std::string positions = "absolute";
  LanguageModellingCallback progress = {};
};

// Adds what the file lacks. One result a chunk, book and setting, key "tova/512/BOOK/CHUNK": policy, size,
// book, chunk, tokens (scored), bytes (of these), nll_sum. When all are there: "summary/tova/512/BOOK" and
// "summary/tova/512" as write_pooled makes them, with the distance to "full" where it was measured. Throws
// UsageError where a book has nothing to score.
void measure_language_modelling(const Engine& engine, std::span<const Book> books,
                                const LanguageModellingOptions& options, ResultFile& results);

// Bytes of the tokens that are scored when `tokens` are read in pieces of `piece`: all but the first of each.
std::int64_t scored_bytes(const Tokenizer& tokenizer, std::span<const Token> tokens, std::int64_t piece);

}  // namespace msrnn
