#include "eval/metrics/lower_case.h"

#include <algorithm>
#include <utf8proc.h>

#include "base/utf8.h"

namespace msrnn {
namespace {

constexpr char32_t kSigma = 0x3A3, kSmallSigma = 0x3C3, kFinalSigma = 0x3C2;
constexpr char32_t kCapitalDottedI = 0x130, kDotAbove = 0x307;

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

// Unicode's property Case_Ignorable: marks, modifiers, and the punctuation inside words.
bool is_case_ignorable(char32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return std::u32string_view(
                 U"'.:\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55"
                 U"\uFF07\uFF0E\uFF1A")
                 .find(c) != std::u32string_view::npos;
  }
}

// Unicode's property Cased, of what is not case-ignorable.
bool is_cased(char32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
      return true;
    default: {
      const auto within = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
      return c == 0xAA || c == 0xBA || within(0x2160, 0x217F) || within(0x24B6, 0x24E9) ||
             within(0x1F130, 0x1F149) || within(0x1F150, 0x1F169) || within(0x1F170, 0x1F189);
    }
  }
}

// A sigma ends a word: letters come before it and none after it.
bool ends_word(std::u32string_view text, std::size_t sigma) {
  const auto before = std::find_if_not(text.rbegin() + static_cast<std::ptrdiff_t>(text.size() - sigma),
                                       text.rend(), is_case_ignorable);
  if (before == text.rend() || !is_cased(*before)) return false;
  const auto after =
      std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(sigma) + 1, text.end(), is_case_ignorable);
  return after == text.end() || !is_cased(*after);
}

}  // namespace

std::u32string decode_text(std::string_view text) {
  std::u32string decoded;
  decoded.reserve(text.size());
  while (!text.empty()) {
    const Utf8Char c = decode_utf8(text);
    decoded.push_back(c.status == Utf8Status::valid ? c.code : 0xFFFD);
    text.remove_prefix(c.length);
  }
  return decoded;
}

std::u32string lower_case(std::u32string_view text) {
  std::u32string lower;
  lower.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == kSigma) {
      lower.push_back(ends_word(text, i) ? kFinalSigma : kSmallSigma);
    } else if (c == kCapitalDottedI) {
      lower.append({U'i', kDotAbove});
    } else {
      lower.push_back(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
    }
  }
  return lower;
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_word(char32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return true;
    default:
      return c == U'_';
  }
}

}  // namespace msrnn
