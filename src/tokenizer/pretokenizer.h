// Splitting a text into words, the units that BPE merges within.
//
// What is a letter or a number is what PCRE2 knows: version 10.42 has Unicode 14, and characters that are
// newer (CJK extension I, say) may be split otherwise than by an implementation with newer tables.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/pipeline.h"

struct pcre2_real_code_8;

namespace msrnn {

// Immutable, shared between threads.
class PreTokenizer {
 public:
  // Each split sees one word of the one before at a time, as if that were the whole text. Throws Error for an
  // expression that is broken or not supported.
  explicit PreTokenizer(const std::vector<Split>& splits);

  using Sink = std::function<void(std::string_view word)>;
  // Calls sink with the words in order; together they are the text, but for what SplitBehaviour removes.
  // Bytes that are not UTF-8 end a text for the expressions, and a run of them is a word of its own.
  void split(std::string_view text, const Sink& sink) const;

 private:
  struct Free {
    void operator()(pcre2_real_code_8* code) const;
  };
  struct Stage {
    std::unique_ptr<pcre2_real_code_8, Free> code;
    SplitBehaviour behaviour;
  };
  class Splitter;

  std::vector<Stage> stages_;
};

}  // namespace msrnn
