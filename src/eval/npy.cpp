#include "eval/npy.h"

#include <bit>
#include <string>
#include <string_view>

#include <fmt/ranges.h>

#include "base/atomic_file.h"
#include "base/fail.h"

namespace msrnn {
namespace {

static_assert(std::endian::native == std::endian::little, "values are written as they lie in memory");

std::string header(std::string_view type, const std::vector<std::int64_t>& shape) {
  // A tuple of one has a comma.
  const std::string dimensions = fmt::format("{}{}", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  std::string text =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, dimensions);
  // The format wants the values to begin at a multiple of 64 bytes: magic, version and length take 10, the
  // newline 1.
  text.append(63 - (text.size() + 10) % 64, ' ');
  text += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(text.size() & 0xff);
  bytes += static_cast<char>(text.size() >> 8);
  return bytes + text;
}

void write(const std::filesystem::path& path, std::string_view type, std::span<const std::byte> values,
           std::int64_t count, const std::vector<std::int64_t>& shape) {
  std::int64_t expected = 1;
  for (const std::int64_t n : shape) expected *= n;
  if (expected != count) fail("{}: expected {} values, found {}", path.string(), expected, count);
  AtomicFile file(path);
  file.write(header(type, shape));
  file.write(values);
  file.commit();
}

}  // namespace

void write_npy(const std::filesystem::path& path, std::span<const float> values,
               const std::vector<std::int64_t>& shape) {
  write(path, "<f4", std::as_bytes(values), static_cast<std::int64_t>(values.size()), shape);
}

void write_npy(const std::filesystem::path& path, std::span<const std::int32_t> values,
               const std::vector<std::int64_t>& shape) {
  write(path, "<i4", std::as_bytes(values), static_cast<std::int64_t>(values.size()), shape);
}

}  // namespace msrnn
