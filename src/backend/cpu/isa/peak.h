// Chains of one instruction, for measuring how fast it goes.
#pragma once

#include <cstdint>

#include "backend/cpu/isa/rows.h"

namespace msrnn::cpu::MSRNN_ISA {

// More than the latency of the instructions times how many start in a cycle; they and their operands fit the
// registers.
inline constexpr int kChains = kLanes == 16 ? 16 : kLanes == 8 ? 8 : 4;

// Runs step(chain) for every chain in each round, from `start` on. The results are kept, so the compiler
// cannot leave them out.
template <class T, class Step>
void run_chains(std::int64_t rounds, T start, Step step) {
  T starts[kChains], chains[kChains];
  unrolled<kChains>([&](int i) { starts[i] = start; });
  asm volatile("" ::"r"(starts) : "memory");  // as if they differed: equal chains would be computed once
  unrolled<kChains>([&](int i) { chains[i] = starts[i]; });
  for (std::int64_t r = 0; r < rounds; ++r) {
    unrolled<kChains>([&](int i) { chains[i] = step(chains[i]); });
  }
  volatile unsigned char kept = 0;
  for (const T& chain : chains) {
    unsigned char first;
    __builtin_memcpy(&first, &chain, 1);
    kept = static_cast<unsigned char>(kept ^ first);
  }
}

}  // namespace msrnn::cpu::MSRNN_ISA
