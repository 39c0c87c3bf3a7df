// Python's string operations on UTF-8. A byte that is no part of a valid character is a character of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace msrnn::jinja {

struct CodePoint {
  char32_t value;    // the byte itself where the encoding is broken
  std::size_t size;  // in bytes, at least 1
};

// position < s.size().
CodePoint code_point_at(std::string_view s, std::size_t position);
void append_code_point(std::string& out, char32_t value);
std::size_t count_code_points(std::string_view s);
// The views stay valid as long as what s refers to.
std::vector<std::string_view> split_code_points(std::string_view s);

bool is_space(char32_t c);
bool is_cased(char32_t c);

// One character for one: unlike in Python, ß stays ß.
std::string upper(std::string_view s);
std::string lower(std::string_view s);
std::string capitalize(std::string_view s);
// Every letter after something that is no letter becomes upper case, others lower: str.title().
std::string title(std::string_view s);
bool is_upper(std::string_view s);
bool is_lower(std::string_view s);

enum class Side { kLeft, kRight, kBoth };
std::string_view strip(std::string_view s, Side side);
std::string_view strip(std::string_view s, Side side, std::string_view characters);

enum class Direction { kForward, kBackward };
// limit < 0: no limit. The separator is not empty.
std::vector<std::string_view> split(std::string_view s, std::string_view separator, std::int64_t limit,
                                    Direction direction);
// At runs of white space; none of the pieces is empty.
std::vector<std::string_view> split_words(std::string_view s, std::int64_t limit, Direction direction);
std::vector<std::string_view> split_lines(std::string_view s);

std::size_t count_occurrences(std::string_view s, std::string_view part);
std::string replace(std::string_view s, std::string_view from, std::string_view to, std::int64_t limit);

}  // namespace msrnn::jinja
