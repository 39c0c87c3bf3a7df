#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenizer/pretokenizer.h"

#include <array>

#include <pcre2.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/expression.h"

namespace msrnn {
namespace {

std::string message(int error) {
  std::array<PCRE2_UCHAR, 256> text = {};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

void PreTokenizer::Free::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

PreTokenizer::PreTokenizer(const std::vector<Split>& splits) {
  for (const Split& split : splits) {
    const std::string expression = pcre2_expression(split.expression);
    int error = 0;
    PCRE2_SIZE offset = 0;
    Stage stage{nullptr, split.behaviour};
    stage.code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                                   PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr));
    if (!stage.code) fail("regular expression {}: {}", split.expression, message(error));
    std::uint32_t may_be_empty = 0;
    pcre2_pattern_info(stage.code.get(), PCRE2_INFO_MATCHEMPTY, &may_be_empty);
    if (may_be_empty != 0) fail("regular expression {}: it can match an empty text", split.expression);
    // Where there is no just-in-time compiler, pcre2_match interprets.
    pcre2_jit_compile(stage.code.get(), PCRE2_JIT_COMPLETE);
    stages_.push_back(std::move(stage));
  }
}

// One pass over a text: what PCRE2 writes to, and so no part of the shared object.
class PreTokenizer::Splitter {
 public:
  Splitter(const std::vector<Stage>& stages, const Sink& sink)
      : stages_(stages), sink_(sink), match_(pcre2_match_data_create(1, nullptr)) {
    if (!match_) fail("pre-tokenizer: out of memory");
  }

  // text: valid UTF-8.
  void split(std::string_view text, std::size_t stage) {
    if (text.empty()) return;
    if (stage == stages_.size()) return sink_(text);
    Joiner joiner{[&](std::string_view word) { split(word, stage + 1); }, stages_[stage].behaviour, text};
    for (std::size_t done = 0; done < text.size();) {
      const auto [begin, end] = next_match(text, done, stage);
      joiner.between(begin);
      joiner.match(end);
      done = end;
    }
    joiner.finish();
  }

 private:
  struct Range {
    std::size_t begin, end;
  };

  // Makes words of matches and of what lies between them, given by where they end.
  class Joiner {
   public:
    Joiner(std::function<void(std::string_view)> word, SplitBehaviour behaviour, std::string_view text)
        : word_(std::move(word)), behaviour_(behaviour), text_(text) {}

    void between(std::size_t end) {
      if (end == end_) return;
      if (behaviour_ == SplitBehaviour::merged_with_next) {
        if (!held_match_) flush();
      } else {
        flush();
      }
      end_ = end;
      held_match_ = false;
      if (behaviour_ == SplitBehaviour::only_matches) drop();
    }

    void match(std::size_t end) {
      if (end == end_) return;
      const bool joins = (behaviour_ == SplitBehaviour::contiguous && held_match_) ||
                         (behaviour_ == SplitBehaviour::merged_with_previous && !held_match_);
      if (!joins) flush();
      end_ = end;
      held_match_ = true;
      if (behaviour_ == SplitBehaviour::removed) drop();
    }

    void finish() { flush(); }

   private:
    void flush() {
      if (end_ > begin_) word_(text_.substr(begin_, end_ - begin_));
      drop();
    }
    void drop() { begin_ = end_; }

    std::function<void(std::string_view)> word_;
    SplitBehaviour behaviour_;
    std::string_view text_;
    std::size_t begin_ = 0, end_ = 0;  // of the word that may still grow
    bool held_match_ = false;          // it ends with a match
  };

  struct FreeMatch {
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  };

  // The empty range at the end if there is no further match.
  Range next_match(std::string_view text, std::size_t from, std::size_t stage) {
    const auto match = [&](std::uint32_t options) {
      return pcre2_match(stages_[stage].code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                         from, PCRE2_NO_UTF_CHECK | options, match_.get(), nullptr);
    };
    int found = match(0);
    // The interpreter keeps what it has to go back to on the heap.
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = match(PCRE2_NO_JIT);
    if (found == PCRE2_ERROR_NOMATCH) return {text.size(), text.size()};
    if (found < 0) fail("pre-tokenizer: {}", message(found));
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match_.get());
    return {range[0], range[1]};
  }

  const std::vector<Stage>& stages_;
  const Sink& sink_;
  std::unique_ptr<pcre2_match_data, FreeMatch> match_;
};

void PreTokenizer::split(std::string_view text, const Sink& sink) const {
  Splitter splitter(stages_, sink);
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    splitter.split(text.substr(0, valid), 0);
    text.remove_prefix(valid);
    std::size_t invalid = 0;
    while (invalid < text.size() && decode_utf8(text.substr(invalid)).status != Utf8Status::valid) ++invalid;
    if (invalid > 0) sink(text.substr(0, invalid));
    text.remove_prefix(invalid);
  }
}

}  // namespace msrnn
