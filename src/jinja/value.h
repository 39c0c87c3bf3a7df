// The values a template computes with: Python's, as far as chat templates see them. Immutable but for
// namespaces, shared, cheap to copy.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace msrnn::jinja {

class Value;
struct List;
struct Dict;
struct Namespace;
struct Loop;
struct Callable;

// What a missing name or attribute gives. Prints as nothing, is false, fails when it is looked into.
struct Undefined {
  std::shared_ptr<const std::string> name;  // for messages; may be null
};
struct None {};

using Text = std::shared_ptr<const std::string>;  // UTF-8; other bytes are kept, each a character of its own
using ListPointer = std::shared_ptr<const List>;
using DictPointer = std::shared_ptr<const Dict>;
using NamespacePointer = std::shared_ptr<Namespace>;
using LoopPointer = std::shared_ptr<const Loop>;
using CallablePointer = std::shared_ptr<const Callable>;

enum class SequenceKind { kList, kTuple };
using Entry = std::pair<Value, Value>;

class Value {
 public:
  using Data = std::variant<Undefined, None, bool, std::int64_t, double, Text, ListPointer, DictPointer,
                            NamespacePointer, LoopPointer, CallablePointer>;

  Value() = default;
  template <class T>
  static Value of(T data) {
    Value value;
    value.data_ = std::move(data);
    return value;
  }
  static Value none() { return of(None{}); }
  static Value boolean(bool b) { return of(b); }
  static Value integer(std::int64_t i) { return of(i); }
  static Value real(double d) { return of(d); }
  static Value text(std::string s) { return of(Text(std::make_shared<const std::string>(std::move(s)))); }
  static Value undefined(std::string name);
  // Both throw Error where the nesting is deeper than kMaxNesting.
  static Value list(std::vector<Value> items, SequenceKind kind = SequenceKind::kList);
  static Value dict(std::vector<Entry> entries);  // the keys are unique

  const Data& data() const { return data_; }
  template <class T>
  bool is() const {
    return std::holds_alternative<T>(data_);
  }
  template <class T>
  const T& get() const {
    return std::get<T>(data_);
  }
  bool is_undefined() const { return is<Undefined>(); }
  bool is_none() const { return is<None>(); }
  bool is_text() const { return is<Text>(); }
  bool is_list() const { return is<ListPointer>(); }
  bool is_dict() const { return is<DictPointer>(); }
  // Bool counts, as in Python.
  bool is_number() const { return is<bool>() || is<std::int64_t>() || is<double>(); }

  // Each needs the type it names.
  const std::string& text() const { return *get<Text>(); }
  const List& list() const { return *get<ListPointer>(); }
  const Dict& dict() const { return *get<DictPointer>(); }

  // Containers inside containers: 0 for anything else. Bounds every recursion over a value.
  int nesting() const;
  // Neither is nor holds a namespace or a loop, so storing it in a namespace cannot close a circle.
  bool is_plain() const;

 private:
  Data data_;
};

inline constexpr int kMaxNesting = 100;

struct List {
  std::vector<Value> items;
  SequenceKind kind = SequenceKind::kList;
  int nesting = 1;
  bool plain = true;
};

struct Dict {
  std::vector<Entry> entries;  // in the order of insertion
  int nesting = 1;
  bool plain = true;

  // The value of a string key; null where there is none.
  const Value* find(std::string_view key) const;
};

struct Namespace {
  std::vector<std::pair<std::string, Value>> attributes;
};

// The `loop` variable. A loop changes `index` between iterations.
struct Loop {
  ListPointer items;
  mutable std::size_t index = 0;
};

// Python's name of the type, for messages.
std::string_view type_name(const Value& value);

}  // namespace msrnn::jinja
