// What the integer matrix products of matmul_bench.cpp could reach at most.
#include <benchmark/benchmark.h>

#include "backend/cpu/kernels.h"
#include "dot_peak.h"

namespace msrnn::bench {
namespace {

void integer_dot_peak(benchmark::State& state) {
  bool supported = false;
  for (const cpu::Kernels* kernels : cpu::supported_kernels()) supported |= kernels->isa == "avx512vnni";
  if (!supported) return state.SkipWithError("this processor has no AVX-512 VNNI");
  constexpr std::int64_t kRepetitions = 1 << 20;
  for (auto _ : state) benchmark::DoNotOptimize(dot_peak(kRepetitions));
  state.counters["MAC/s"] = benchmark::Counter(static_cast<double>(state.iterations() * kRepetitions * 64),
                                               benchmark::Counter::kIsRate);
}

BENCHMARK(integer_dot_peak);

}  // namespace
}  // namespace msrnn::bench
