#include "jinja/text.h"

#include <algorithm>
#include <clocale>
#include <cwctype>
#include <locale.h>
#include <utility>

namespace msrnn::jinja {
namespace {

// The C library's own table of Unicode letters, whatever locale the program runs in.
locale_t unicode_locale() {
  static const locale_t locale = [] {
    const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return utf8 != nullptr ? utf8 : newlocale(LC_CTYPE_MASK, "C", nullptr);
  }();
  return locale;
}

char32_t to_upper(char32_t c) {
  return static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), unicode_locale()));
}

char32_t to_lower(char32_t c) {
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), unicode_locale()));
}

bool is_broken(const CodePoint& point) { return point.size == 1 && point.value >= 0x80; }

template <class Map>
std::string map_characters(std::string_view s, Map map) {
  std::string out;
  out.reserve(s.size());
  for (std::size_t i = 0; i < s.size();) {
    const CodePoint point = code_point_at(s, i);
    if (is_broken(point)) {
      out += s[i];
    } else {
      append_code_point(out, map(point.value));
    }
    i += point.size;
  }
  return out;
}

bool has_case(std::string_view s, char32_t (*map)(char32_t)) {
  bool cased = false;
  for (std::size_t i = 0; i < s.size();) {
    const CodePoint point = code_point_at(s, i);
    i += point.size;
    if (is_broken(point) || !is_cased(point.value)) continue;
    if (map(point.value) != point.value) return false;
    cased = true;
  }
  return cased;
}

template <class Contains>
std::string_view strip_if(std::string_view s, Side side, Contains contains) {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool inside = false;
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t size = code_point_at(s, i).size;
    if (!contains(s.substr(i, size))) {
      if (!inside) begin = i;
      inside = true;
      end = i + size;
    }
    i += size;
  }
  if (!inside) return {};
  if (side == Side::kLeft) return s.substr(begin);
  return side == Side::kRight ? s.substr(0, end) : s.substr(begin, end - begin);
}

bool is_space_text(std::string_view point) {
  const CodePoint c = code_point_at(point, 0);
  return !is_broken(c) && is_space(c.value);
}

}  // namespace

CodePoint code_point_at(std::string_view s, std::size_t position) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[position + i]); };
  const unsigned char lead = byte(0);
  const CodePoint broken{lead, 1};
  if (lead < 0x80) return broken;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || s.size() - position < size) return broken;
  char32_t value = lead & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0u) != 0x80) return broken;
    value = (value << 6) | (byte(i) & 0x3fu);
  }
  const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (overlong || surrogate || value > 0x10ffff) return broken;
  return {value, size};
}

void append_code_point(std::string& out, char32_t value) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (value < 0x80) {
    put(value);
  } else if (value < 0x800) {
    put(0xc0 | (value >> 6));
    put(0x80 | (value & 0x3f));
  } else if (value < 0x10000) {
    put(0xe0 | (value >> 12));
    put(0x80 | ((value >> 6) & 0x3f));
    put(0x80 | (value & 0x3f));
  } else {
    put(0xf0 | (value >> 18));
    put(0x80 | ((value >> 12) & 0x3f));
    put(0x80 | ((value >> 6) & 0x3f));
    put(0x80 | (value & 0x3f));
  }
}

std::size_t count_code_points(std::string_view s) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < s.size(); i += code_point_at(s, i).size) ++n;
  return n;
}

std::vector<std::string_view> split_code_points(std::string_view s) {
  std::vector<std::string_view> points;
  points.reserve(s.size());
  for (std::size_t i = 0; i < s.size();) {
    points.push_back(s.substr(i, code_point_at(s, i).size));
    i += points.back().size();
  }
  return points;
}

bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f);
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool is_cased(char32_t c) { return to_upper(c) != c || to_lower(c) != c; }

std::string upper(std::string_view s) { return map_characters(s, to_upper); }
std::string lower(std::string_view s) { return map_characters(s, to_lower); }

std::string capitalize(std::string_view s) {
  bool first = true;
  return map_characters(s,
                        [&](char32_t c) { return std::exchange(first, false) ? to_upper(c) : to_lower(c); });
}

std::string title(std::string_view s) {
  bool inside = false;
  return map_characters(s, [&](char32_t c) {
    const char32_t mapped = inside ? to_lower(c) : to_upper(c);
    inside = is_cased(c);
    return mapped;
  });
}

bool is_upper(std::string_view s) { return has_case(s, to_upper); }
bool is_lower(std::string_view s) { return has_case(s, to_lower); }

std::string_view strip(std::string_view s, Side side) { return strip_if(s, side, is_space_text); }

std::string_view strip(std::string_view s, Side side, std::string_view characters) {
  const std::vector<std::string_view> set = split_code_points(characters);
  return strip_if(s, side, [&](std::string_view point) { return std::ranges::count(set, point) != 0; });
}

std::vector<std::string_view> split(std::string_view s, std::string_view separator, std::int64_t limit,
                                    Direction direction) {
  std::vector<std::string_view> pieces;
  const auto more = [&] { return limit < 0 || static_cast<std::int64_t>(pieces.size()) < limit; };
  if (direction == Direction::kForward) {
    for (std::size_t at = 0; more() && (at = s.find(separator)) != std::string_view::npos;) {
      pieces.push_back(s.substr(0, at));
      s.remove_prefix(at + separator.size());
    }
    pieces.push_back(s);
    return pieces;
  }
  for (std::size_t at = 0; more() && (at = s.rfind(separator)) != std::string_view::npos;) {
    pieces.push_back(s.substr(at + separator.size()));
    s = s.substr(0, at);
  }
  pieces.push_back(s);
  std::ranges::reverse(pieces);
  return pieces;
}

std::vector<std::string_view> split_words(std::string_view s, std::int64_t limit, Direction direction) {
  std::vector<std::string_view> words;
  std::size_t begin = 0;
  const auto end_word = [&](std::size_t end) {
    if (end > begin) words.push_back(s.substr(begin, end - begin));
  };
  for (std::size_t i = 0; i < s.size();) {
    const std::size_t size = code_point_at(s, i).size;
    if (is_space_text(s.substr(i, size))) {
      end_word(i);
      begin = i + size;
    }
    i += size;
  }
  end_word(s.size());
  if (limit < 0 || static_cast<std::int64_t>(words.size()) <= limit) return words;

  const auto kept = static_cast<std::size_t>(limit);
  const auto offset = [&](std::string_view word) { return static_cast<std::size_t>(word.data() - s.data()); };
  if (direction == Direction::kForward) {
    words.resize(kept + 1);
    words[kept] = s.substr(offset(words[kept]));
  } else {
    words.erase(words.begin(), words.end() - static_cast<std::ptrdiff_t>(kept + 1));
    words[0] = s.substr(0, offset(words[0]) + words[0].size());
  }
  return words;
}

std::vector<std::string_view> split_lines(std::string_view s) {
  std::vector<std::string_view> lines;
  while (!s.empty()) {
    const std::size_t at = std::min(s.find_first_of("\n\r\v\f"), s.size());
    lines.push_back(s.substr(0, at));
    const bool pair = s.substr(at, 2) == "\r\n";
    s.remove_prefix(std::min(s.size(), at + (pair ? 2 : 1)));
  }
  return lines;
}

std::size_t count_occurrences(std::string_view s, std::string_view part) {
  if (part.empty()) return count_code_points(s) + 1;
  std::size_t n = 0;
  for (std::size_t at = 0; (at = s.find(part, at)) != std::string_view::npos; at += part.size()) ++n;
  return n;
}

std::string replace(std::string_view s, std::string_view from, std::string_view to, std::int64_t limit) {
  std::string out;
  const auto more = [&] { return limit < 0 || limit-- > 0; };
  if (from.empty()) {
    for (const std::string_view point : split_code_points(s)) {
      if (more()) out += to;
      out += point;
    }
    if (more()) out += to;
    return out;
  }
  std::size_t at = 0;
  while ((at = s.find(from)) != std::string_view::npos && more()) {
    out += s.substr(0, at);
    out += to;
    s.remove_prefix(at + from.size());
  }
  out += s;
  return out;
}

}  // namespace msrnn::jinja
