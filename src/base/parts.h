// Splitting work.
#pragma once

#include <cstdint>

namespace msrnn {

// How many parts of `size` hold n things, the last perhaps not full.
constexpr std::int64_t parts(std::int64_t n, std::int64_t size) { return (n + size - 1) / size; }

}  // namespace msrnn
