// Reading an untrusted file from its first byte on: every read is checked against the bytes that are there,
// and every error names the file and the place.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include "base/fail.h"

namespace msrnn {

static_assert(std::endian::native == std::endian::little, "model files are read as they lie in memory");

class ByteReader {
 public:
  // Both must outlive the reader. `source` names the bytes in errors: the file's path.
  ByteReader(std::span<const std::byte> bytes, std::string_view source) : bytes_(bytes), source_(source) {}

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return bytes_.size() - offset_; }

  // A little-endian number. `what` names it in the error, like all arguments of that name.
  template <class T>
  T number(std::string_view what) {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
    T value;
    std::memcpy(&value, take(sizeof value, what).data(), sizeof value);
    return value;
  }

  // The next n bytes.
  std::span<const std::byte> take(std::uint64_t n, std::string_view what);

  // A 64-bit count of things that take at least `least_bytes` each. A count that the remaining bytes cannot
  // hold is refused, so that whatever is allocated for the things is bounded by the size of the file.
  std::size_t count(std::size_t least_bytes, std::string_view what);

  // A 64-bit length and so many bytes.
  std::string_view text(std::string_view what);

  // Throws Error with the file, the offset and a message.
  template <class... Args>
  [[noreturn]] void fail_here(fmt::format_string<Args...> format, Args&&... args) const {
    fail("{}: byte {}: {}", source_, offset_, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  std::span<const std::byte> bytes_;
  std::string_view source_;
  std::size_t offset_ = 0;
};

}  // namespace msrnn
