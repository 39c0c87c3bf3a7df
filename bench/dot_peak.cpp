// The fastest this processor does integer dot products: nothing but the instruction, on registers.
#include "dot_peak.h"

#include <immintrin.h>

namespace msrnn::bench {

int dot_peak(std::int64_t repetitions) {
  constexpr int kChains = 16;  // more than latency times throughput
  __m512i sums[kChains];
#pragma GCC unroll 16
  for (int i = 0; i < kChains; ++i) sums[i] = _mm512_set1_epi32(i);
  const __m512i a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
  for (std::int64_t r = 0; r < repetitions / kChains; ++r) {
#pragma GCC unroll 16
    for (int i = 0; i < kChains; ++i) {
      // Not the intrinsic: compilers then move sums between registers.
      asm("vpdpbusd %1, %2, %0" : "+v"(sums[i]) : "v"(a), "v"(b));
    }
  }
  __m512i total = sums[0];
#pragma GCC unroll 16
  for (int i = 1; i < kChains; ++i) total = _mm512_xor_si512(total, sums[i]);
  return _mm512_cvtsi512_si32(total);
}

}  // namespace msrnn::bench
