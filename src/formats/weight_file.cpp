#include "formats/weight_file.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "base/fail.h"

namespace msrnn {
namespace {

constexpr std::string_view kTypeNames[] = {
    "a truth value",        "an integer",          "a number",          "a text",
    "an array of integers", "an array of numbers", "an array of texts",
};
static_assert(std::size(kTypeNames) == std::variant_size_v<Metadata::Value>);

template <class T, std::size_t I = 0>
constexpr std::string_view type_name() {
  if constexpr (std::is_same_v<T, std::variant_alternative_t<I, Metadata::Value>>) {
    return kTypeNames[I];
  } else {
    return type_name<T, I + 1>();
  }
}

const Metadata::Value* find_value(const Metadata& metadata, std::string_view key) {
  const auto entry = metadata.values().find(key);
  return entry == metadata.values().end() ? nullptr : &entry->second;
}

template <class T>
const T& value_as(std::string_view key, const Metadata::Value& value) {
  if (const T* held = std::get_if<T>(&value)) return *held;
  fail("metadata key {}: expected {}, found {}", key, type_name<T>(), kTypeNames[value.index()]);
}

double value_as_number(std::string_view key, const Metadata::Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  return value_as<double>(key, value);
}

template <class T>
const Metadata::Value& required(const Metadata& metadata, std::string_view key) {
  const Metadata::Value* value = find_value(metadata, key);
  if (value == nullptr)
    fail("metadata key {}: expected {}, but the file has no such key", key, type_name<T>());
  return *value;
}

template <class T>
const T& get(const Metadata& metadata, std::string_view key) {
  return value_as<T>(key, required<T>(metadata, key));
}

template <class T>
T get_or(const Metadata& metadata, std::string_view key, T fallback) {
  const Metadata::Value* value = find_value(metadata, key);
  return value == nullptr ? std::move(fallback) : value_as<T>(key, *value);
}

}  // namespace

bool Metadata::boolean(std::string_view key) const { return get<bool>(*this, key); }
std::int64_t Metadata::integer(std::string_view key) const { return get<std::int64_t>(*this, key); }
double Metadata::number(std::string_view key) const {
  return value_as_number(key, required<double>(*this, key));
}
const std::string& Metadata::text(std::string_view key) const { return get<std::string>(*this, key); }
const std::vector<std::int64_t>& Metadata::integers(std::string_view key) const {
  return get<std::vector<std::int64_t>>(*this, key);
}
const std::vector<double>& Metadata::numbers(std::string_view key) const {
  return get<std::vector<double>>(*this, key);
}
const std::vector<std::string>& Metadata::texts(std::string_view key) const {
  return get<std::vector<std::string>>(*this, key);
}

bool Metadata::boolean_or(std::string_view key, bool fallback) const { return get_or(*this, key, fallback); }
std::int64_t Metadata::integer_or(std::string_view key, std::int64_t fallback) const {
  return get_or(*this, key, fallback);
}
double Metadata::number_or(std::string_view key, double fallback) const {
  const Value* value = find_value(*this, key);
  return value == nullptr ? fallback : value_as_number(key, *value);
}
std::string Metadata::text_or(std::string_view key, std::string fallback) const {
  return get_or(*this, key, std::move(fallback));
}

const StoredTensor* WeightFile::find(std::string_view name) const {
  const auto all = tensors();
  const auto found = std::ranges::find(all, name, &StoredTensor::name);
  return found == all.end() ? nullptr : &*found;
}

TensorView WeightFile::require(std::string_view name, std::initializer_list<std::int64_t> shape) const {
  const StoredTensor* tensor = find(name);
  if (tensor == nullptr) fail("the file has no tensor {}", name);
  if (!std::ranges::equal(tensor->shape, shape)) {
    fail("tensor {}: expected shape [{}], found [{}]", name, fmt::join(shape, ", "),
         fmt::join(tensor->shape, ", "));
  }
  return tensor->view;
}

}  // namespace msrnn
