// The vector operations of one instruction set, callable from code that is compiled for none in particular.
#pragma once

#include <cstdint>

#include "base/half.h"

namespace msrnn::cpu {

struct VecProbe {
  int lanes;
  // out[i] = operation(in[i]) for n numbers, the last ones as a partial vector.
  void (*exp)(const float* in, int n, float* out);
  void (*from_half)(const Half* in, int n, float* out);
  void (*to_half)(const float* in, int n, Half* out);
  void (*from_bfloat16)(const BFloat16* in, int n, float* out);
  void (*to_bfloat16)(const float* in, int n, BFloat16* out);
  // Of one vector.
  void (*reduce)(const float* in, float* sum_max_min);
  std::uint32_t (*less_bits)(const float* a, const float* b);
  void (*select_less)(const float* a, const float* b, float* out);
  std::uint32_t (*first_lanes_bits)(int n);
  void (*round_to_int)(const float* in, std::int32_t* out);
  void (*truncate_halves)(const float* in, std::int32_t* low, std::int32_t* high);
  // Of lanes × lanes numbers.
  void (*transpose)(const float* in, float* out);
  // Of lanes × (2 · lanes) numbers; columns are `stride` apart.
  void (*transpose_16bit)(const std::uint16_t* in, std::uint16_t* out, int stride);
};

namespace scalar {
VecProbe vec_probe();
}
namespace avx2 {
VecProbe vec_probe();
}
namespace avx512 {
VecProbe vec_probe();
}

}  // namespace msrnn::cpu
