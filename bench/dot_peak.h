#pragma once

#include <cstdint>

namespace msrnn::bench {

// Multiplies and adds up 64 pairs of bytes `repetitions` times, with AVX-512 VNNI. Returns what keeps the
// compiler from leaving it out.
int dot_peak(std::int64_t repetitions);

}  // namespace msrnn::bench
