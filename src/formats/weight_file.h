// A model file: metadata and named tensors, whatever the format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tensor/tensor.h"

namespace msrnn {

// Typed key/value pairs. Getters throw Error naming the key, what was expected and what was found.
class Metadata {
 public:
  // Integers of any width are int64 (larger unsigned ones are refused by the reader), floating numbers are
  // double, arrays of bool are arrays of integers.
  using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                             std::vector<double>, std::vector<std::string>>;

  void set(std::string key, Value value) { values_.insert_or_assign(std::move(key), std::move(value)); }
  bool has(std::string_view key) const { return values_.find(key) != values_.end(); }

  // Required: missing or of another type is an error. An integer is also a number.
  bool boolean(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  const std::string& text(std::string_view key) const;
  const std::vector<std::int64_t>& integers(std::string_view key) const;
  const std::vector<double>& numbers(std::string_view key) const;
  const std::vector<std::string>& texts(std::string_view key) const;

  // Optional: the fallback if missing, an error if of another type.
  bool boolean_or(std::string_view key, bool fallback) const;
  std::int64_t integer_or(std::string_view key, std::int64_t fallback) const;
  double number_or(std::string_view key, double fallback) const;
  std::string text_or(std::string_view key, std::string fallback) const;

  const std::map<std::string, Value, std::less<>>& values() const { return values_; }

 private:
  std::map<std::string, Value, std::less<>> values_;
};

inline constexpr std::size_t kMostDimensions = 4;  // of a tensor, in any format

struct StoredTensor {
  std::string name;
  std::vector<std::int64_t> shape;  // outermost first: a matrix is {rows, cols}
  TensorView view;                  // rows: the product of all dimensions but the last
};

// Validated completely when opened: every tensor lies inside the file and has a known type. Views live as
// long as it.
class WeightFile {
 public:
  virtual ~WeightFile() = default;
  virtual std::string_view format() const = 0;  // "GGUF v3"
  virtual const Metadata& metadata() const = 0;
  virtual std::span<const StoredTensor> tensors() const = 0;

  const StoredTensor* find(std::string_view name) const;
  // The named tensor. Throws Error if it is missing or has another shape ({n} for a vector).
  TensorView require(std::string_view name, std::initializer_list<std::int64_t> shape) const;
};

// A model file, whose format is recognised by its first bytes, or the folder of a Hugging Face checkpoint, or
// a file in one. Throws Error with the reason if it is none msrnn reads, or damaged.
std::unique_ptr<WeightFile> open_weight_file(const std::filesystem::path& path);

}  // namespace msrnn
