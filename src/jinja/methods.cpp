// Methods of strings, dicts and lists, of the loop and of namespaces.
#include <algorithm>
#include <span>

#include "base/fail.h"
#include "jinja/filters.h"
#include "jinja/operations.h"
#include "jinja/text.h"

namespace msrnn::jinja {
namespace {

template <Side side>
Value strip_text(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"chars"});
  const Value* characters = arguments.find(0, "chars");
  if (characters == nullptr || characters->is_none())
    return context.text(std::string(strip(self.text(), side)));
  const std::string set = arguments.text(0, "chars", "");
  context.budget.charge(set.size(), self.text().size());
  return context.text(std::string(strip(self.text(), side, set)));
}

template <auto map>
Value mapped(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  return context.text(map(self.text()));
}

// A string, or any of a tuple of strings.
template <auto has>
Value has_affix(Context&, const Value& self, const Arguments& arguments) {
  arguments.expect({"affix"});
  const Value& affix = arguments.require(0, "affix");
  if (!affix.is_list()) return Value::boolean(has(self.text(), arguments.text(0, "affix", "")));
  return Value::boolean(std::ranges::any_of(affix.list().items, [&](const Value& item) {
    if (!item.is_text()) fail("expected strings, found {}", type_name(item));
    return has(self.text(), item.text());
  }));
}

Value list_of_texts(Context& context, const std::vector<std::string_view>& pieces) {
  std::vector<Value> items;
  for (const std::string_view piece : pieces) items.push_back(context.text(std::string(piece)));
  return context.list(std::move(items));
}

template <Direction direction>
Value split_text(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"sep", "maxsplit"});
  const std::int64_t limit = arguments.integer(1, "maxsplit", -1);
  const Value* separator = arguments.find(0, "sep");
  context.budget.charge(self.text().size());
  if (separator == nullptr || separator->is_none()) {
    return list_of_texts(context, split_words(self.text(), limit, direction));
  }
  const std::string text = arguments.text(0, "sep", "");
  if (text.empty()) fail("the separator is empty");
  return list_of_texts(context, split(self.text(), text, limit, direction));
}

Value split_into_lines(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  return list_of_texts(context, split_lines(self.text()));
}

Value replace_text(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"old", "new", "count"});
  if (arguments.positional.size() < 2) fail("replace needs two strings");
  const std::string from = arguments.text(0, "old", "");
  const std::string to = arguments.text(1, "new", "");
  context.budget.charge(count_occurrences(self.text(), from), to.size());
  return context.text(replace(self.text(), from, to, arguments.integer(2, "count", -1)));
}

template <auto find>
Value find_text(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"sub"});
  arguments.require(0, "sub");
  context.budget.step(self.text().size() / 16);
  const std::size_t at = find(self.text(), arguments.text(0, "sub", ""));
  if (at == std::string::npos) return Value::integer(-1);
  return Value::integer(
      static_cast<std::int64_t>(count_code_points(std::string_view(self.text()).substr(0, at))));
}

Value index_text(Context& context, const Value& self, const Arguments& arguments) {
  Value at = find_text<[](const std::string& s, const std::string& part) { return s.find(part); }>(
      context, self, arguments);
  if (at.get<std::int64_t>() < 0) fail("the string to look for is not there");
  return at;
}

Value count_text(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"sub"});
  arguments.require(0, "sub");
  context.budget.step(self.text().size() / 16);
  return Value::integer(
      static_cast<std::int64_t>(count_occurrences(self.text(), arguments.text(0, "sub", ""))));
}

Value join_texts(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"iterable"});
  const Value& parts = arguments.require(0, "iterable");
  const ListPointer all = elements(context, parts);
  for (const Value& part : all->items) {
    if (!part.is_text()) fail("join needs strings, found {}", type_name(part));
  }
  return apply_filter(context, "join", parts, {{self}, {}});
}

// Whether there are characters and all of them are as the predicate says.
template <auto predicate>
Value all_characters(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  context.budget.step(self.text().size() / 16);
  const std::vector<std::string_view> points = split_code_points(self.text());
  return Value::boolean(!points.empty() && std::ranges::all_of(points, [](std::string_view point) {
    return predicate(code_point_at(point, 0).value);
  }));
}

template <auto predicate>
Value text_predicate(Context&, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  return Value::boolean(predicate(self.text()));
}

// {} and {0}, {name}, without format specifications.
Value format_text(Context& context, const Value& self, const Arguments& arguments) {
  const std::string_view format = self.text();
  std::string out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const bool brace = format[i] == '{' || format[i] == '}';
    if (!brace || (i + 1 < format.size() && format[i + 1] == format[i])) {
      out += format[i];
      i += brace ? 1 : 0;
      continue;
    }
    const std::size_t end = format[i] == '{' ? format.find('}', i) : std::string_view::npos;
    if (end == std::string_view::npos) fail("single brace in a format string");
    const std::string_view field = format.substr(i + 1, end - i - 1);
    const bool number = std::ranges::all_of(field, [](char c) { return c >= '0' && c <= '9'; });
    if (field.size() > 3 && number) fail("field {} of a format string is out of range", field);
    const std::size_t index = !number ? SIZE_MAX : field.empty() ? next++ : std::stoul(std::string(field));
    const Value* value = arguments.find(index, field);
    if (value == nullptr) fail("field '{}' of a format string has no argument", field);
    const Text text = as_text(context, *value);
    context.budget.charge(text->size());
    out += *text;
    i = end;
  }
  return context.text(std::move(out));
}

Value dict_items(Context& context, const Value& self, const Arguments& arguments) {
  return apply_filter(context, "items", self, arguments);
}

Value dict_keys(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  return context.list(elements(context, self)->items);
}

Value dict_values(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({});
  std::vector<Value> values;
  for (const Entry& entry : self.dict().entries) values.push_back(entry.second);
  return context.list(std::move(values));
}

Value dict_get(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"key", "default"});
  if (const Value* value = find_key(context, self.dict(), arguments.require(0, "key"))) return *value;
  const Value* fallback = arguments.find(1, "default");
  return fallback != nullptr ? *fallback : Value::none();
}

Value list_index(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"value"});
  const std::vector<Value>& items = self.list().items;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (equal(context, items[i], arguments.require(0, "value")))
      return Value::integer(static_cast<std::int64_t>(i));
  }
  fail("the value to look for is not in the list");
}

Value list_count(Context& context, const Value& self, const Arguments& arguments) {
  arguments.expect({"value"});
  return Value::integer(std::ranges::count_if(self.list().items, [&](const Value& item) {
    return equal(context, item, arguments.require(0, "value"));
  }));
}

Value refuse_change(Context&, const Value& self, const Arguments&) {
  fail("a template may not change a {}", type_name(self));
}

Value loop_cycle(Context&, const Value& self, const Arguments& arguments) {
  if (arguments.positional.empty()) fail("cycle needs something to cycle through");
  return arguments.positional[self.get<LoopPointer>()->index % arguments.positional.size()];
}

constexpr auto kStartsWith = [](const std::string& s, const std::string& part) {
  return s.starts_with(part);
};
constexpr auto kEndsWith = [](const std::string& s, const std::string& part) { return s.ends_with(part); };
constexpr auto kFind = [](const std::string& s, const std::string& part) { return s.find(part); };
constexpr auto kFindLast = [](const std::string& s, const std::string& part) { return s.rfind(part); };
constexpr auto kIsDigit = [](char32_t c) { return c >= '0' && c <= '9'; };
constexpr auto kIsLetter = [](char32_t c) { return is_cased(c); };
constexpr auto kIsLetterOrDigit = [](char32_t c) { return is_cased(c) || (c >= '0' && c <= '9'); };

constexpr NamedFunction kTextMethods[] = {{"strip", strip_text<Side::kBoth>},
                                          {"lstrip", strip_text<Side::kLeft>},
                                          {"rstrip", strip_text<Side::kRight>},
                                          {"startswith", has_affix<kStartsWith>},
                                          {"endswith", has_affix<kEndsWith>},
                                          {"split", split_text<Direction::kForward>},
                                          {"rsplit", split_text<Direction::kBackward>},
                                          {"splitlines", split_into_lines},
                                          {"upper", mapped<upper>},
                                          {"lower", mapped<lower>},
                                          {"title", mapped<title>},
                                          {"capitalize", mapped<capitalize>},
                                          {"replace", replace_text},
                                          {"find", find_text<kFind>},
                                          {"rfind", find_text<kFindLast>},
                                          {"index", index_text},
                                          {"count", count_text},
                                          {"join", join_texts},
                                          {"format", format_text},
                                          {"isdigit", all_characters<kIsDigit>},
                                          {"isalpha", all_characters<kIsLetter>},
                                          {"isalnum", all_characters<kIsLetterOrDigit>},
                                          {"isspace", all_characters<is_space>},
                                          {"isupper", text_predicate<is_upper>},
                                          {"islower", text_predicate<is_lower>}};
constexpr NamedFunction kDictMethods[] = {{"items", dict_items},         {"keys", dict_keys},
                                          {"values", dict_values},       {"get", dict_get},
                                          {"update", refuse_change},     {"pop", refuse_change},
                                          {"setdefault", refuse_change}, {"clear", refuse_change}};
constexpr NamedFunction kListMethods[] = {
    {"index", list_index},     {"count", list_count},   {"append", refuse_change}, {"extend", refuse_change},
    {"insert", refuse_change}, {"pop", refuse_change},  {"remove", refuse_change}, {"reverse", refuse_change},
    {"sort", refuse_change},   {"clear", refuse_change}};
constexpr NamedFunction kTupleMethods[] = {{"index", list_index}, {"count", list_count}};
constexpr NamedFunction kLoopMethods[] = {{"cycle", loop_cycle}};

std::span<const NamedFunction> methods_of(const Value& object) {
  if (object.is_text()) return kTextMethods;
  if (object.is_dict()) return kDictMethods;
  if (object.is<LoopPointer>()) return kLoopMethods;
  if (!object.is_list()) return {};
  if (object.list().kind == SequenceKind::kTuple) return kTupleMethods;
  return kListMethods;
}

}  // namespace

Function find_method(const Value& object, std::string_view name) {
  for (const NamedFunction& method : methods_of(object)) {
    if (method.name == name) return method.function;
  }
  return nullptr;
}

}  // namespace msrnn::jinja
