#include "tokenizer/byte_alphabet.h"

#include "base/utf8.h"

namespace msrnn {
namespace {

bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

// By character: its byte, −1 for none.
std::array<int, kByteAlphabetEnd> bytes_by_character() {
  std::array<int, kByteAlphabetEnd> bytes;
  bytes.fill(-1);
  const auto characters = byte_alphabet();
  for (int byte = 0; byte < 256; ++byte) bytes[characters[byte]] = byte;
  return bytes;
}

}  // namespace

std::array<char32_t, 256> byte_alphabet() {
  std::array<char32_t, 256> characters;
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    characters[byte] = stands_for_itself(byte) ? static_cast<char32_t>(byte) : next++;
  }
  return characters;
}

std::optional<std::string> spelled_bytes(std::string_view piece) {
  static const auto bytes = bytes_by_character();
  std::string spelled;
  while (!piece.empty()) {
    const Utf8Char c = decode_utf8(piece);
    if (c.code >= kByteAlphabetEnd || bytes[c.code] < 0) return std::nullopt;
    spelled.push_back(static_cast<char>(bytes[c.code]));
    piece.remove_prefix(c.length);
  }
  return spelled;
}

}  // namespace msrnn
