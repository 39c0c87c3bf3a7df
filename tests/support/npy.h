// Reads arrays in NumPy's file format, version 1.0, written by NumPy or by the project.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/half.h"

namespace msrnn::testing {

template <class T>
struct Array {
  std::vector<std::int64_t> shape;  // outermost first
  std::vector<T> values;            // row-major
};

// T: float, std::int32_t or Half, which must be the type in the file. Throws std::runtime_error otherwise.
template <class T>
Array<T> read_npy(const std::filesystem::path& path) {
  constexpr std::string_view kType = std::is_same_v<T, float>  ? "'<f4'"
                                     : std::is_same_v<T, Half> ? "'<f2'"
                                                               : "'<i4'";
  const auto refuse = [&](const std::string& what) { throw std::runtime_error(path.string() + ": " + what); };
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (bytes.size() < 10 || bytes.compare(0, 8, std::string("\x93NUMPY\x01\x00", 8)) != 0)
    refuse("no NumPy 1.0 file");
  const std::size_t length =
      static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  if ((10 + length) % 64 != 0 || bytes.size() < 10 + length || bytes[9 + length] != '\n')
    refuse("bad header length");
  const std::string header = bytes.substr(10, length);
  if (header.find(kType) == std::string::npos) refuse("not of type " + std::string(kType) + ": " + header);
  if (header.find("'fortran_order': False") == std::string::npos) refuse("not in C order");

  Array<T> array;
  std::size_t count = 1;
  const std::size_t open = header.find('('), close = header.find(')');
  if (open == std::string::npos || close < open) refuse("no shape");
  for (std::size_t at = open + 1; at < close; at = header.find(',', at) + 1) {
    if (header.find_first_of("0123456789", at) >= close) break;
    array.shape.push_back(std::stoll(header.substr(at)));
    count *= static_cast<std::size_t>(array.shape.back());
    if (header.find(',', at) > close) break;
  }
  if (bytes.size() != 10 + length + count * sizeof(T)) refuse("its size does not fit its shape");
  array.values.resize(count);
  if (count > 0) std::memcpy(array.values.data(), bytes.data() + 10 + length, count * sizeof(T));
  return array;
}

}  // namespace msrnn::testing
