// Lower case as Python's str.lower(), which published metrics stand on: Unicode's full mapping, with the
// final form of the Greek sigma.
#pragma once

#include <string>
#include <string_view>

namespace msrnn {

// The characters of UTF-8 text; each byte that is part of none becomes U+FFFD.
std::u32string decode_text(std::string_view text);

std::u32string lower_case(std::u32string_view text);

// str.isspace()
bool is_space(char32_t c);
// What \w matches in Python: letters, numbers and the underscore.
bool is_word(char32_t c);

}  // namespace msrnn
