// Arrays in NumPy's file format, version 1.0: little endian, C order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace msrnn {

// Writes the values of an array of this shape, outermost dimension first; the product of the dimensions is
// values.size(). Atomic. Throws Error where the file cannot be written.
void write_npy(const std::filesystem::path& path, std::span<const float> values,
               const std::vector<std::int64_t>& shape);
void write_npy(const std::filesystem::path& path, std::span<const std::int32_t> values,
               const std::vector<std::int64_t>& shape);

}  // namespace msrnn
