// What tells a data file or a model apart from another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace msrnn {

// XXH3-64 of the bytes, 16 hexadecimal digits.
std::string checksum(std::string_view bytes);
// Of a file's content. Throws Error where it cannot be read.
std::string file_checksum(const std::filesystem::path& path);
std::string hexadecimal(std::uint64_t number);

}  // namespace msrnn
