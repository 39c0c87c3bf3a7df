// Splitting work.
#pragma once

#include <algorithm>
#include <cstdint>

namespace msrnn {

// How many parts of `size` hold n things, the last perhaps not full.
constexpr std::int64_t parts(std::int64_t n, std::int64_t size) { return (n + size - 1) / size; }

// Things [begin, end).
struct Part {
  std::int64_t begin, end;
};

// Part i of n things in `count` parts that differ by one at most. The larger ones come first: threads that
// take them in turn end together.
constexpr Part even_part(std::int64_t n, std::int64_t count, std::int64_t i) {
  const std::int64_t size = n / count, larger = n % count;
  const std::int64_t begin = i * size + std::min(i, larger);
  return {begin, begin + size + (i < larger ? 1 : 0)};
}

}  // namespace msrnn
