#include "base/utf8.h"

#include <gtest/gtest.h>

namespace msrnn {
namespace {

std::string encoded(char32_t code) {
  std::string text;
  append_utf8(text, code);
  return text;
}

TEST(Utf8, EveryScalarValueIsReadAsWritten) {
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code == 0xD800) code = 0xE000;
    const std::string text = encoded(code);
    const Utf8Char c = decode_utf8(text + "x");
    ASSERT_EQ(c.status, Utf8Status::valid) << std::hex << static_cast<unsigned>(code);
    ASSERT_EQ(c.length, text.size());
    ASSERT_EQ(c.code, code);
    for (std::size_t n = 1; n < text.size(); ++n) {
      ASSERT_EQ(decode_utf8(text.substr(0, n)).status, Utf8Status::truncated);
      ASSERT_EQ(truncated_utf8_suffix("é" + text.substr(0, n)), n);
    }
    ASSERT_EQ(truncated_utf8_suffix(text), 0u);
  }
}

// Counts over all sequences of a length: exact, and independent of how the decoder decides.
TEST(Utf8, NothingElseIsValid) {
  const auto count_valid = [](std::size_t length, unsigned first_lead) {
    std::size_t n = 0;
    std::string text(length, '\0');
    for (unsigned lead = first_lead; lead < 256; ++lead) {
      for (unsigned rest = 0; rest < (1u << 8 * (length - 1)); ++rest) {
        text[0] = static_cast<char>(lead);
        for (std::size_t i = 1; i < length; ++i) text[i] = static_cast<char>(rest >> 8 * (i - 1));
        const Utf8Char c = decode_utf8(text);
        n += c.status == Utf8Status::valid && c.length == length;
      }
    }
    return n;
  };
  EXPECT_EQ(count_valid(1, 0), 0x80u);
  EXPECT_EQ(count_valid(2, 0), 0x800u - 0x80u);
  EXPECT_EQ(count_valid(3, 0xE0), 0x10000u - 0x800u - 0x800u);
}

TEST(Utf8, RefusesWhatIsOutsideUnicode) {
  for (const std::string_view text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xFF", "\xC3(", "\xE2\x82(", "\xF0\x9F\x98("}) {
    EXPECT_EQ(decode_utf8(text).status, Utf8Status::invalid);
    EXPECT_EQ(truncated_utf8_suffix(text), 0u);
  }
}

TEST(Utf8, ValidPrefixEndsBeforeTheFirstBadByte) {
  EXPECT_EQ(valid_utf8_prefix(""), 0u);
  EXPECT_EQ(valid_utf8_prefix("naïve 😀"), 11u);
  EXPECT_EQ(valid_utf8_prefix("ab\xFF"), 2u);
  EXPECT_EQ(valid_utf8_prefix("ab\xE2\x82"), 2u);
}

}  // namespace
}  // namespace msrnn
