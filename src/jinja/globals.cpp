// The functions every template can call.
#include <array>
#include <limits>

#include "base/fail.h"
#include "jinja/filters.h"
#include "jinja/operations.h"

namespace msrnn::jinja {
namespace {

constexpr std::int64_t kMaxRange = 100'000;  // as in Jinja's sandbox

Value raise_exception(Context& context, const Value&, const Arguments& arguments) {
  arguments.expect({"message"});
  fail("{}", to_text(context, arguments.require(0, "message")));
}

Value range(Context& context, const Value&, const Arguments& arguments) {
  arguments.expect({"start", "stop", "step"});
  if (!arguments.named.empty() || arguments.positional.empty()) fail("range needs one to three ints");
  const bool one = arguments.positional.size() == 1;
  const std::int64_t begin = one ? 0 : arguments.integer(0, "start", 0);
  const std::int64_t end = arguments.integer(one ? 0 : 1, "stop", 0);
  const std::int64_t step = arguments.integer(2, "step", 1);
  if (step == 0) fail("the step of a range is zero");
  // Distances as doubles: exact wherever the range is small enough to be allowed.
  const double count = (static_cast<double>(end) - static_cast<double>(begin)) / static_cast<double>(step);
  if (count > static_cast<double>(kMaxRange)) fail("a range holds more than {} numbers", kMaxRange);
  std::vector<Value> numbers;
  for (std::int64_t i = begin; step > 0 ? i < end : i > end;) {
    numbers.push_back(Value::integer(i));
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return context.list(std::move(numbers));
}

// dict(a=1) or dict(mapping or pairs).
Value make_dict(Context& context, const Value&, const Arguments& arguments) {
  if (arguments.positional.size() > 1) fail("dict takes at most one argument without a name");
  std::vector<Entry> entries;
  if (!arguments.positional.empty() && arguments.positional[0].is_dict()) {
    entries = arguments.positional[0].dict().entries;
  } else if (!arguments.positional.empty()) {
    const ListPointer all = elements(context, arguments.positional[0]);
    for (const Value& pair : all->items) {
      const ListPointer parts = elements(context, pair);
      if (parts->items.size() != 2) fail("dict needs pairs, found {} items", parts->items.size());
      insert_key(context, entries, parts->items[0], parts->items[1]);
    }
  }
  for (const auto& [name, value] : arguments.named) insert_key(context, entries, context.text(name), value);
  return context.dict(std::move(entries));
}

Value make_namespace(Context& context, const Value& self, const Arguments& arguments) {
  const Value attributes = make_dict(context, self, arguments);
  if (!attributes.is_plain()) fail("a namespace cannot hold a namespace, a loop or a function");
  auto space = std::make_shared<Namespace>();
  for (const auto& [name, value] : attributes.dict().entries) {
    space->attributes.emplace_back(to_text(context, name), value);
  }
  return Value::of(NamespacePointer(std::move(space)));
}

Value format_time(Context& context, const Value&, const Arguments& arguments) {
  arguments.expect({"format"});
  const std::string format = arguments.text(0, "format", "");
  if (format.empty()) return context.text("");
  const std::tm now = context.clock();
  std::array<char, 1024> buffer;
  const std::size_t size = std::strftime(buffer.data(), buffer.size(), format.c_str(), &now);
  if (size == 0) fail("the time in the format '{}' is empty or too long", format);
  return context.text(std::string(buffer.data(), size));
}

constexpr NamedFunction kGlobals[] = {{"raise_exception", raise_exception},
                                      {"range", range},
                                      {"dict", make_dict},
                                      {"namespace", make_namespace},
                                      {"strftime_now", format_time}};

}  // namespace

Function find_global(std::string_view name) {
  for (const NamedFunction& global : kGlobals) {
    if (global.name == name) return global.function;
  }
  return nullptr;
}

}  // namespace msrnn::jinja
