#include "eval/checksum.h"

#include <fmt/format.h>
#include <xxhash.h>

#include "base/mapped_file.h"

namespace msrnn {

std::string hexadecimal(std::uint64_t number) { return fmt::format("{:016x}", number); }

std::string checksum(std::string_view bytes) { return hexadecimal(XXH3_64bits(bytes.data(), bytes.size())); }

std::string file_checksum(const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  return checksum({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace msrnn
