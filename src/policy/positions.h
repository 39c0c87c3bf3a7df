// Where a kept token stands for the rotary embedding, once tokens between it and its neighbours are gone.
#pragma once

#include <cstdint>

namespace msrnn {

enum class PositionMode : std::uint8_t {
  absolute,    // its place in the sequence; keys are stored rotated (the paper and its code)
  in_cache,    // its rank among the live tokens of its lane (StreamingLLM)
  compressed,  // 0 for the first live token, then the sum of compressed_gap over the gaps between neighbours
};

// The paper's run to 70 K tokens (arXiv 2401.06104): gaps up to 10 stay, longer ones count 10 + ln(ln(gap −
// 10 + e)), rounded up. 14 for the longest gap there is.
std::int32_t compressed_gap(std::int32_t gap);

inline constexpr std::int32_t kLargestCompressedGap = 14;

}  // namespace msrnn
