// Writes small GGUF files for tests, and remembers where each field lies so that a test can damage it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "formats/gguf_types.h"

namespace msrnn::testing {

struct GgufBytes {
  std::vector<std::byte> bytes;
  // version, tensor_count, pair_count, data; KEY.length, KEY.type, KEY.value (of an array its element type),
  // KEY.count (arrays); NAME.length, NAME.rank, NAME.dimension0 … (innermost first), NAME.type, NAME.offset
  std::map<std::string, std::size_t> fields;

  // The same with one field overwritten.
  template <class T>
  GgufBytes with(const std::string& field, T value) const {
    GgufBytes changed = *this;
    std::memcpy(changed.bytes.data() + fields.at(field), &value, sizeof value);
    return changed;
  }
};

class GgufBuilder {
 public:
  template <class T>
  GgufBuilder& add(const std::string& key, const T& value) {
    Writer pair = begin_pair(key, type_of<T>());
    pair.mark(key + ".value");
    pair.put(value);
    return end_pair(pair);
  }

  template <class T>
  GgufBuilder& add_array(const std::string& key, const std::vector<T>& values) {
    Writer pair = begin_pair(key, GgufValue::array);
    pair.mark(key + ".value");
    pair.put(type_of<T>());
    pair.mark(key + ".count");
    pair.put(std::uint64_t{values.size()});
    for (const T& value : values) pair.put(value);
    return end_pair(pair);
  }

  // Also what the tensors are aligned to.
  GgufBuilder& set_alignment(std::uint32_t alignment) {
    alignment_ = alignment;
    return add("general.alignment", alignment);
  }

  // shape: outermost first. The data is taken as it is, its size is not checked.
  GgufBuilder& add_tensor(const std::string& name, const std::vector<std::int64_t>& shape, GgufTensor type,
                          std::span<const std::byte> data) {
    Writer entry;
    entry.mark(name + ".length");
    entry.put(name);
    entry.mark(name + ".rank");
    entry.put(static_cast<std::uint32_t>(shape.size()));
    for (std::size_t i = 0; i < shape.size(); ++i) {
      entry.mark(fmt::format("{}.dimension{}", name, i));
      entry.put(shape[shape.size() - 1 - i]);
    }
    entry.mark(name + ".type");
    entry.put(type);
    entry.mark(name + ".offset");
    entry.put(std::uint64_t{data_.size()});
    table_.append(entry);
    ++n_tensors_;
    data_.insert(data_.end(), data.begin(), data.end());
    pad(data_);
    return *this;
  }

  GgufBytes build(std::uint32_t version = 3) const {
    Writer file;
    for (const char c : {'G', 'G', 'U', 'F'}) file.put(c);
    file.mark("version");
    file.put(version);
    file.mark("tensor_count");
    file.put(n_tensors_);
    file.mark("pair_count");
    file.put(n_pairs_);
    file.append(pairs_);
    file.append(table_);
    if (n_tensors_ > 0) pad(file.bytes);
    file.mark("data");
    file.bytes.insert(file.bytes.end(), data_.begin(), data_.end());
    return {std::move(file.bytes), std::move(file.fields)};
  }

 private:
  struct Writer {
    std::vector<std::byte> bytes;
    std::map<std::string, std::size_t> fields;

    void mark(const std::string& field) { fields[field] = bytes.size(); }

    template <class T>
    void put(const T& value) {
      if constexpr (std::is_convertible_v<T, std::string_view>) {
        const std::string_view text = value;
        put(std::uint64_t{text.size()});
        for (const char c : text) put(c);
      } else {
        static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
        bytes.resize(bytes.size() + sizeof value);
        std::memcpy(bytes.data() + bytes.size() - sizeof value, &value, sizeof value);
      }
    }

    void append(const Writer& other) {
      for (const auto& [field, offset] : other.fields) fields[field] = bytes.size() + offset;
      bytes.insert(bytes.end(), other.bytes.begin(), other.bytes.end());
    }
  };

  template <class T>
  static constexpr GgufValue type_of() {
    if constexpr (std::is_same_v<T, bool>)
      return GgufValue::boolean;
    else if constexpr (std::is_same_v<T, float>)
      return GgufValue::f32;
    else if constexpr (std::is_same_v<T, double>)
      return GgufValue::f64;
    else if constexpr (std::is_convertible_v<T, std::string_view>)
      return GgufValue::string;
    else if constexpr (sizeof(T) == 1)
      return std::is_signed_v<T> ? GgufValue::i8 : GgufValue::u8;
    else if constexpr (sizeof(T) == 2)
      return std::is_signed_v<T> ? GgufValue::i16 : GgufValue::u16;
    else if constexpr (sizeof(T) == 4)
      return std::is_signed_v<T> ? GgufValue::i32 : GgufValue::u32;
    else
      return std::is_signed_v<T> ? GgufValue::i64 : GgufValue::u64;
  }

  static Writer begin_pair(const std::string& key, GgufValue type) {
    Writer pair;
    pair.mark(key + ".length");
    pair.put(key);
    pair.mark(key + ".type");
    pair.put(type);
    return pair;
  }

  GgufBuilder& end_pair(const Writer& pair) {
    pairs_.append(pair);
    ++n_pairs_;
    return *this;
  }

  void pad(std::vector<std::byte>& bytes) const {
    while (bytes.size() % alignment_ != 0) bytes.push_back(std::byte{0});
  }

  std::uint32_t alignment_ = 32;
  std::uint64_t n_tensors_ = 0, n_pairs_ = 0;
  Writer pairs_, table_;
  std::vector<std::byte> data_;
};

}  // namespace msrnn::testing
