// SHA-256 of a file.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>

namespace msrnn {

// In hexadecimal; empty if it was stopped. Throws Error if the file cannot be read.
std::string sha256_of(const std::filesystem::path& file, const std::atomic<bool>& stop);

}  // namespace msrnn
