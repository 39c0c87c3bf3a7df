// One kernel of attention written with Highway, to be timed beside ours.
#pragma once

#include <string_view>

#include "backend/cpu/attention_kernels.h"

namespace msrnn::bench {

// AttentionKernels::weigh_slots for values in half precision; head_dim is a multiple of 16. Runs what Highway
// chose for this processor, or what was forced.
void highway_weigh_slots(const cpu::SlotChunk& chunk, float* sums);

// From now on Highway uses the instructions that msrnn calls "avx2" or "avx512". False where it cannot.
bool force_highway(std::string_view isa);

}  // namespace msrnn::bench
