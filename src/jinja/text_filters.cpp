#include <algorithm>
#include <array>

#include "base/fail.h"
#include "jinja/filters.h"
#include "jinja/number.h"
#include "jinja/operations.h"
#include "jinja/text.h"

namespace msrnn::jinja {
namespace {

template <class Map>
Value map_text(Context& context, const Value& self, Map map) {
  const Text text = as_text(context, self);
  return context.text(std::string(map(*text)));
}

Value trim(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"chars"});
  return map_text(context, self, [&](const std::string& s) {
    const Value* characters = arguments.find(0, "chars");
    if (characters == nullptr || characters->is_none()) return strip(s, Side::kBoth);
    const std::string set = arguments.text(0, "chars", "");
    context.budget.charge(set.size(), s.size());
    return strip(s, Side::kBoth, set);
  });
}

template <auto map>
Value mapped_text(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  return map_text(context, self, map);
}

// Words end at white space, '-' and opening brackets, other than for str.title().
std::string title_words(std::string_view s) {
  static constexpr std::string_view kBreaks = "-({[<";
  std::string out;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < s.size();) {
    const CodePoint point = code_point_at(s, i);
    const bool separates =
        is_space(point.value) || (point.value < 0x80 && kBreaks.find(s[i]) != std::string_view::npos);
    if (separates) {
      out += capitalize(s.substr(begin, i - begin));
      out += s.substr(i, point.size);
      begin = i + point.size;
    }
    i += point.size;
  }
  out += capitalize(s.substr(begin));
  return out;
}

std::string escape_html(std::string_view s) {
  std::string out;
  for (const char c : s) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Value to_string(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  return Value::of(as_text(context, self));
}

Value replace_in_text(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"old", "new", "count"});
  const Text text = as_text(context, self);
  const Text from = as_text(context, arguments.require(0, "old"));
  const Text to = as_text(context, arguments.require(1, "new"));
  const Value* count = arguments.find(2, "count");
  const std::int64_t limit = count == nullptr || count->is_none() ? -1 : arguments.integer(2, "count", -1);
  context.budget.charge(count_occurrences(*text, *from), to->size());
  return context.text(replace(*text, *from, *to, limit));
}

Value indent(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"width", "first", "blank"});
  const Value* width = arguments.find(0, "width");
  const auto spaces = static_cast<std::size_t>(
      std::max<std::int64_t>(width != nullptr && width->is_text() ? 0 : arguments.integer(0, "width", 4), 0));
  std::string text = to_text(context, self);
  text += '\n';
  const std::vector<std::string_view> lines = split_lines(text);
  context.budget.charge(lines.size() + 2, spaces + 1);
  const std::string margin = width != nullptr && width->is_text() ? width->text() : std::string(spaces, ' ');
  context.budget.charge(lines.size(), margin.size());
  std::string out;
  if (arguments.truth(1, "first")) out = margin;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    if (i > 0 && (!lines[i].empty() || arguments.truth(2, "blank"))) out += margin;
    out += lines[i];
  }
  return context.text(std::move(out));
}

std::string json_indent(Context& context, const Value& indent) {
  if (indent.is_text()) return indent.text();
  if (!is_integral(indent))
    fail("the argument 'indent' must be an int or a str, found {}", type_name(indent));
  const auto spaces = static_cast<std::size_t>(std::max<std::int64_t>(integral(indent), 0));
  context.budget.charge(spaces);
  return std::string(spaces, ' ');
}

Value to_json_text(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  if (arguments.truth(0, "ensure_ascii")) style.charset = JsonStyle::Charset::kAscii;
  if (arguments.truth(3, "sort_keys")) style.keys = JsonStyle::Keys::kSorted;
  if (const Value* indent = arguments.find(1, "indent"); indent != nullptr && !indent->is_none()) {
    style.indent = json_indent(context, *indent);
    style.item_separator = std::string(1, ',');
  }
  if (const Value* separators = arguments.find(2, "separators");
      separators != nullptr && !separators->is_none()) {
    const ListPointer pair = elements(context, *separators);
    if (pair->items.size() != 2 || !pair->items[0].is_text() || !pair->items[1].is_text()) {
      fail("the argument 'separators' must be two strings");
    }
    style.item_separator = pair->items[0].text();
    style.key_separator = pair->items[1].text();
  }
  return Value::text(to_json(context, self, style));
}

Value count_words(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  const Text text = as_text(context, self);
  return Value::integer(static_cast<std::int64_t>(split_words(*text, -1, Direction::kForward).size()));
}

}  // namespace

std::span<const NamedFunction> text_filters() {
  static constexpr std::array<NamedFunction, 14> kFilters = {{{"trim", trim},
                                                              {"upper", mapped_text<upper>},
                                                              {"lower", mapped_text<lower>},
                                                              {"capitalize", mapped_text<capitalize>},
                                                              {"title", mapped_text<title_words>},
                                                              {"string", to_string},
                                                              {"safe", to_string},
                                                              {"escape", mapped_text<escape_html>},
                                                              {"e", mapped_text<escape_html>},
                                                              {"forceescape", mapped_text<escape_html>},
                                                              {"replace", replace_in_text},
                                                              {"indent", indent},
                                                              {"tojson", to_json_text},
                                                              {"wordcount", count_words}}};
  return kFilters;
}

}  // namespace msrnn::jinja
