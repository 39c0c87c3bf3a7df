// Bytes written as characters, the way GPT-2 spells its pieces (openai/gpt-2, encoder.py, bytes_to_unicode):
// a byte that is a visible Latin-1 character stands for itself, the other 68, in order, are U+0100 and on.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace msrnn {

inline constexpr char32_t kByteAlphabetEnd = 0x144;

// By byte: its character.
std::array<char32_t, 256> byte_alphabet();

// The bytes that `piece`, valid UTF-8, spells; none if it has a character outside the alphabet.
std::optional<std::string> spelled_bytes(std::string_view piece);

}  // namespace msrnn
