// Files that a long job writes at its end.
#pragma once

#include <filesystem>

namespace msrnn {

// Throws Error if a file cannot be written there, or something that is not a file would be replaced. To be
// asked before the work is done, not after.
void check_writable(const std::filesystem::path& path);

}  // namespace msrnn
