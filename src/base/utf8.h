// UTF-8, character by character (Unicode 15, table 3-7: no overlong forms, no surrogates, at most U+10FFFF).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace msrnn {

enum class Utf8Status : std::uint8_t {
  valid,
  truncated,  // the text ends inside a character that more bytes could complete
  invalid,
};

struct Utf8Char {
  Utf8Status status = Utf8Status::invalid;
  std::uint8_t length = 1;  // bytes; 1 where not valid
  char32_t code = 0;
};

// The character that `text` begins with. `text` must not be empty.
constexpr Utf8Char decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {Utf8Status::valid, 1, lead};
  if (lead < 0xC2 || lead > 0xF4) return {};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Only the second byte has narrower limits after some lead bytes: they exclude what a longer or no
  // sequence may encode.
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  char32_t code = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size()) return {Utf8Status::truncated, 1, 0};
    const unsigned next = byte(i);
    if (next < (i == 1 ? low : 0x80) || next > (i == 1 ? high : 0xBF)) return {};
    code = code << 6 | (next & 0x3F);
  }
  return {Utf8Status::valid, static_cast<std::uint8_t>(length), code};
}

// Bytes of valid UTF-8 at the beginning of `text`.
constexpr std::size_t valid_utf8_prefix(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const Utf8Char c = decode_utf8(text.substr(i));
    if (c.status != Utf8Status::valid) break;
    i += c.length;
  }
  return i;
}

// Bytes at the end of `text` that begin a character and do not complete it.
constexpr std::size_t truncated_utf8_suffix(std::string_view text) {
  for (std::size_t n = text.size() < 3 ? text.size() : 3; n > 0; --n) {
    if (decode_utf8(text.substr(text.size() - n)).status == Utf8Status::truncated) return n;
  }
  return 0;
}

// `code` must be a Unicode scalar value.
inline void append_utf8(std::string& out, char32_t code) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  const auto put_rest = [&](int shift) {
    for (; shift >= 0; shift -= 6) put(0x80 | ((code >> shift) & 0x3F));
  };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6)), put_rest(0);
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12)), put_rest(6);
  } else {
    put(0xF0 | (code >> 18)), put_rest(12);
  }
}

}  // namespace msrnn
