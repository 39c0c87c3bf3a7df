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

struct pcre2_real_code_8;

namespace msrnn {

// Immutable, shared between threads.
class PreTokenizer {
 public:
  // Each expression splits what the one before left into its matches and what is between them; it sees one
  // such part at a time, as if that were the whole text.
  explicit PreTokenizer(const std::vector<std::string>& expressions);

  using Sink = std::function<void(std::string_view word)>;
  // Calls sink with the words in order; together they are the text. Bytes that are not UTF-8 end a text for
  // the expressions, and a run of them is a word of its own.
  void split(std::string_view text, const Sink& sink) const;

 private:
  struct Free {
    void operator()(pcre2_real_code_8* code) const;
  };
  using Code = std::unique_ptr<pcre2_real_code_8, Free>;
  class Splitter;

  std::vector<Code> stages_;
};

// By the name in model files: "smollm". Throws Error for an unknown one, naming those there are. The list is
// in registry.cpp.
PreTokenizer make_pre_tokenizer(std::string_view name);

}  // namespace msrnn
