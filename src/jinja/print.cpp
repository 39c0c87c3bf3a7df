// str(), repr() and json.dumps().
#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "jinja/operations.h"
#include "jinja/text.h"

namespace msrnn::jinja {
namespace {

// Output that is paid for as it grows: a small value may hold the same list a thousand times.
class Printer {
 public:
  explicit Printer(Context& context) : context_(context) {}

  void put(std::string_view text) {
    context_.budget.charge(text.size());
    out_ += text;
  }
  Budget& budget() { return context_.budget; }
  std::string take() { return std::move(out_); }

 private:
  Context& context_;
  std::string out_;
};

// The characters of s, those for which escape() gives something replaced by that.
template <class Escape>
void put_escaped(Printer& printer, std::string_view s, Escape escape) {
  for (std::size_t i = 0; i < s.size();) {
    const CodePoint point = code_point_at(s, i);
    const std::string escaped = escape(point);
    printer.put(escaped.empty() ? s.substr(i, point.size) : escaped);
    i += point.size;
  }
}

void put_repr_text(Printer& printer, std::string_view s) {
  const bool single = s.find('\'') == std::string_view::npos || s.find('"') != std::string_view::npos;
  const char quote = single ? '\'' : '"';
  printer.put({&quote, 1});
  put_escaped(printer, s, [&](const CodePoint& point) -> std::string {
    const char32_t c = point.value;
    if (c == static_cast<char32_t>(quote)) return {'\\', quote};
    if (c == '\\') return "\\\\";
    if (c == '\n') return "\\n";
    if (c == '\r') return "\\r";
    if (c == '\t') return "\\t";
    const bool control = c < 0x20 || (c >= 0x7f && c < 0xa1) || c == 0xad;
    return control && (point.size > 1 || c < 0x80) ? fmt::format("\\x{:02x}", static_cast<unsigned>(c)) : "";
  });
  printer.put({&quote, 1});
}

void put_repr(Printer& printer, const Value& value);

void put_scalar(Printer& printer, const Value& value) {
  if (value.is_none()) return printer.put("None");
  if (value.is<bool>()) return printer.put(value.get<bool>() ? "True" : "False");
  if (value.is<std::int64_t>()) return printer.put(fmt::format("{}", value.get<std::int64_t>()));
  if (value.is<double>()) return printer.put(format_float(value.get<double>()));
  if (value.is_undefined()) return printer.put("Undefined");
  printer.put(fmt::format("<{}>", type_name(value)));
}

void put_repr_list(Printer& printer, const List& list) {
  const bool tuple = list.kind == SequenceKind::kTuple;
  printer.put(tuple ? "(" : "[");
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    if (i > 0) printer.put(", ");
    put_repr(printer, list.items[i]);
  }
  if (tuple && list.items.size() == 1) printer.put(",");
  printer.put(tuple ? ")" : "]");
}

void put_repr(Printer& printer, const Value& value) {
  printer.budget().step();
  if (value.is_text()) return put_repr_text(printer, value.text());
  if (value.is_list()) return put_repr_list(printer, value.list());
  if (!value.is_dict()) return put_scalar(printer, value);
  printer.put("{");
  bool first = true;
  for (const auto& [key, item] : value.dict().entries) {
    if (!std::exchange(first, false)) printer.put(", ");
    put_repr(printer, key);
    printer.put(": ");
    put_repr(printer, item);
  }
  printer.put("}");
}

class JsonPrinter {
 public:
  JsonPrinter(Context& context, const JsonStyle& style)
      : context_(context), printer_(context), style_(style) {}

  std::string print(const Value& value) {
    put(value, 1);
    return printer_.take();
  }

 private:
  void put(const Value& value, std::size_t level) {
    printer_.budget().step();
    if (value.is_text()) return put_text(value.text());
    if (value.is_list()) {
      return put_container("[]", value.list().items, level, [&](const Value& item) { put(item, level + 1); });
    }
    if (!value.is_dict()) return printer_.put(scalar(value));
    std::vector<Entry> entries = value.dict().entries;
    printer_.budget().charge(entries.size(), sizeof(Entry));
    if (style_.keys == JsonStyle::Keys::kSorted) {
      std::ranges::stable_sort(entries, [&](const Entry& a, const Entry& b) {
        return compare(context_, a.first, b.first) == std::partial_ordering::less;
      });
    }
    put_container("{}", entries, level, [&](const Entry& entry) {
      put_text(entry.first.is_text() ? entry.first.text() : scalar(entry.first));
      printer_.put(style_.key_separator);
      put(entry.second, level + 1);
    });
  }

  template <class Item, class PutItem>
  void put_container(std::string_view brackets, const std::vector<Item>& items, std::size_t level,
                     PutItem put_item) {
    printer_.put(brackets.substr(0, 1));
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) printer_.put(style_.item_separator);
      put_line_break(level);
      put_item(items[i]);
    }
    if (!items.empty()) put_line_break(level - 1);
    printer_.put(brackets.substr(1));
  }

  void put_line_break(std::size_t level) {
    if (!style_.indent) return;
    printer_.put("\n");
    for (std::size_t i = 0; i < level; ++i) printer_.put(*style_.indent);
  }

  static std::string scalar(const Value& value) {
    if (value.is_none()) return "null";
    if (value.is<bool>()) return value.get<bool>() ? "true" : "false";
    if (value.is<std::int64_t>()) return fmt::format("{}", value.get<std::int64_t>());
    if (!value.is<double>()) fail("a {} has no JSON form", type_name(value));
    const double number = value.get<double>();
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    return format_float(number);
  }

  void put_text(std::string_view s) {
    printer_.put("\"");
    put_escaped(printer_, s, [&](const CodePoint& point) -> std::string {
      const char32_t c = point.value;
      if (c == '"') return "\\\"";
      if (c == '\\') return "\\\\";
      static constexpr std::string_view kControls = "\b\f\n\r\t";
      static constexpr std::string_view kLetters = "bfnrt";
      const std::size_t at = c < 0x20 ? kControls.find(static_cast<char>(c)) : std::string_view::npos;
      if (at != std::string_view::npos) return {'\\', kLetters[at]};
      const bool plain = c >= 0x20 && (c < 0x7f || style_.charset == JsonStyle::Charset::kUnicode);
      return plain ? "" : escape_utf16(c);
    });
    printer_.put("\"");
  }

  static std::string escape_utf16(char32_t c) {
    const auto unit = [](char32_t u) { return fmt::format("\\u{:04x}", static_cast<unsigned>(u)); };
    if (c < 0x10000) return unit(c);
    return unit(0xd800 + ((c - 0x10000) >> 10)) + unit(0xdc00 + ((c - 0x10000) & 0x3ff));
  }

  Context& context_;
  Printer printer_;
  const JsonStyle& style_;
};

}  // namespace

std::string format_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string to_repr(Context& context, const Value& value) {
  Printer printer(context);
  put_repr(printer, value);
  return printer.take();
}

std::string to_text(Context& context, const Value& value) {
  if (value.is_undefined()) return {};
  if (!value.is_text()) return to_repr(context, value);
  context.budget.charge(value.text().size());
  return value.text();
}

Text as_text(Context& context, const Value& value) {
  if (value.is_text()) return value.get<Text>();
  return std::make_shared<const std::string>(to_text(context, value));
}

std::string to_json(Context& context, const Value& value, const JsonStyle& style) {
  return JsonPrinter(context, style).print(value);
}

}  // namespace msrnn::jinja
