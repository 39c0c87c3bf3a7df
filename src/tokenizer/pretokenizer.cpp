#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenizer/pretokenizer.h"

#include <array>

#include <pcre2.h>

#include "base/fail.h"
#include "base/utf8.h"

namespace msrnn {
namespace {

std::string message(int error) {
  std::array<PCRE2_UCHAR, 256> text = {};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

void PreTokenizer::Free::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

PreTokenizer::PreTokenizer(const std::vector<std::string>& expressions) {
  for (const std::string& expression : expressions) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()), expression.size(),
                            PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr));
    if (!code) fail("regular expression {}, at {}: {}", expression, offset, message(error));
    // Where there is no just-in-time compiler, pcre2_match interprets.
    pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
    stages_.push_back(std::move(code));
  }
}

// One pass over a text: what PCRE2 writes to, and so no part of the shared object.
class PreTokenizer::Splitter {
 public:
  Splitter(const std::vector<Code>& stages, const Sink& sink)
      : stages_(stages), sink_(sink), match_(pcre2_match_data_create(1, nullptr)) {
    if (!match_) fail("pre-tokenizer: out of memory");
  }

  // text: valid UTF-8.
  void split(std::string_view text, std::size_t stage) {
    if (text.empty()) return;
    if (stage == stages_.size()) return sink_(text);
    std::size_t done = 0;
    while (done < text.size()) {
      const auto [begin, end] = next_match(text, done, stage);
      split(text.substr(done, begin - done), stage + 1);
      split(text.substr(begin, end - begin), stage + 1);
      done = end;
    }
  }

 private:
  struct Range {
    std::size_t begin, end;
  };
  struct Free {
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
  };

  // The empty range at the end if there is no further match.
  Range next_match(std::string_view text, std::size_t from, std::size_t stage) {
    const int found = pcre2_match(stages_[stage].get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                  text.size(), from, PCRE2_NO_UTF_CHECK, match_.get(), nullptr);
    if (found == PCRE2_ERROR_NOMATCH) return {text.size(), text.size()};
    if (found < 0) fail("pre-tokenizer: {}", message(found));
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match_.get());
    // An empty match splits nothing and would not advance.
    return range[1] > range[0] ? Range{range[0], range[1]} : Range{text.size(), text.size()};
  }

  const std::vector<Code>& stages_;
  const Sink& sink_;
  std::unique_ptr<pcre2_match_data, Free> match_;
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
