// Writes safetensors files for tests, valid or not.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace msrnn::testing {

// A file with this header and so many bytes of data, which count up.
inline std::string safetensors_file(std::string_view header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  file += header;
  for (std::size_t i = 0; i < data_bytes; ++i) file.push_back(static_cast<char>(i));
  return file;
}

}  // namespace msrnn::testing
