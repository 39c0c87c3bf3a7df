// Matrix products of the cpu device: GEMV in bytes of weights a second beside a plain read of memory, GEMM in
// multiply-adds a second beside the integer dot product's peak. MSRNN_ISA chooses the instruction set.
#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "backend/cpu/inputs.h"
#include "backend/cpu/kernels.h"
#include "backend/cpu/matmul.h"
#include "backend/cpu/packed_weight.h"
#include "base/half.h"

namespace msrnn::bench {
namespace {

using benchmark::Counter;
using benchmark::State;

std::vector<std::byte> random_bytes(std::size_t n) {
  std::mt19937 random(1);
  std::vector<std::byte> bytes(n);
  // No byte above 0x3b: whatever is a scale is a small positive number.
  for (std::byte& b : bytes) b = static_cast<std::byte>(random() % 0x3c);
  return bytes;
}

// Plain numbers as in models, where compact ones profit from their few exponents.
std::vector<std::byte> random_matrix(DType type, std::int64_t rows, std::int64_t cols) {
  std::vector<std::byte> bytes = random_bytes(static_cast<std::size_t>(rows * stored_bytes(type, cols)));
  if (type != DType::bf16) return bytes;
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0f, 0.02f);
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const BFloat16 number = to_bfloat16(normal(random));
    std::memcpy(bytes.data() + i, &number, sizeof number);
  }
  return bytes;
}

// Products of one type and shape, on the threads given.
class Product {
 public:
  Product(DType type, std::int64_t rows, std::int64_t cols, std::int64_t n_tokens, int threads)
      : pool_(threads),
        stored_(random_matrix(type, rows, cols)),
        weight_({type, rows, cols, stored_.data()}, pool_),
        inputs_(cpu::kernels().matmul, pool_),
        memory_(pool_),
        x_(static_cast<std::size_t>(n_tokens * cols), 0.5f),
        out_(static_cast<std::size_t>(n_tokens * rows)) {
    inputs_.encode({x_.data(), n_tokens, cols}, {&weight_});
  }

  void run() {
    const Tensor out{out_.data(), static_cast<std::int64_t>(out_.size()) / weight_.rows(), weight_.rows()};
    const cpu::Projection projection{weight_, inputs_.of(weight_), out};
    cpu::project(pool_, cpu::kernels().matmul, memory_, std::span(&projection, 1),
                 [](float* to, const float* from, int n) { std::copy_n(from, n, to); });
  }
  std::size_t weight_bytes() const { return weight_.bytes(); }

 private:
  ThreadPool pool_;
  std::vector<std::byte> stored_;
  cpu::PackedWeight weight_;
  cpu::InputSet inputs_;
  cpu::ExpandedMemory memory_;
  std::vector<float> x_, out_;
};

DType type_of(const State& state) { return static_cast<DType>(state.range(0)); }

// Arguments: type, rows, cols, threads.
void gemv(State& state) {
  Product product(type_of(state), state.range(1), state.range(2), 1, static_cast<int>(state.range(3)));
  for (auto _ : state) product.run();
  state.SetLabel(std::string(traits(type_of(state)).name));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(product.weight_bytes()));
}

// Arguments: type, rows, cols, tokens, threads.
void gemm(State& state) {
  const std::int64_t rows = state.range(1), cols = state.range(2), tokens = state.range(3);
  Product product(type_of(state), rows, cols, tokens, static_cast<int>(state.range(4)));
  for (auto _ : state) product.run();
  state.SetLabel(std::string(traits(type_of(state)).name));
  state.counters["MAC/s"] =
      Counter(static_cast<double>(state.iterations() * rows * cols * tokens), Counter::kIsRate);
}

// What the integer products could reach at most, on one thread.
void integer_dot_peak(State& state) {
  const cpu::MatmulKernels::Peak peak =
      cpu::kernels().matmul.peak[static_cast<int>(cpu::InputFormat::int8_pair)];
  constexpr std::int64_t kRounds = 1024;
  for (auto _ : state) peak.run(kRounds);
  state.counters["MAC/s"] =
      Counter(static_cast<double>(state.iterations() * kRounds * peak.multiply_adds), Counter::kIsRate);
}

// Arguments: bytes, threads.
void read_memory(State& state) {
  const std::int64_t bytes = state.range(0);
  Buffer memory(static_cast<std::size_t>(bytes));
  std::fill_n(memory.as<std::uint64_t>(), bytes / 8, std::uint64_t{1});
  ThreadPool pool(static_cast<int>(state.range(1)));
  constexpr std::int64_t kTasks = 8;
  const std::int64_t words = bytes / 8 / kTasks;
  for (auto _ : state) {
    pool.for_each(kTasks, [&](std::int64_t task, int) {
      const std::uint64_t* p = memory.as<std::uint64_t>() + task * words;
      std::uint64_t sums[8] = {};
      for (std::int64_t i = 0; i + 8 <= words; i += 8) {
        for (std::int64_t j = 0; j < 8; ++j) sums[j] += p[i + j];
      }
      benchmark::DoNotOptimize(sums);
    });
  }
  state.SetBytesProcessed(state.iterations() * bytes);
}

constexpr auto kQ41 = static_cast<std::int64_t>(DType::q4_1), kQ8 = static_cast<std::int64_t>(DType::q8_0),
               kF16 = static_cast<std::int64_t>(DType::f16), kBf16 = static_cast<std::int64_t>(DType::bf16);

std::vector<std::int64_t> all_types() { return benchmark::CreateDenseRange(0, kDTypes - 1, 1); }

BENCHMARK(read_memory)->ArgsProduct({{1 << 20, 1 << 24, 1 << 28}, {1, 2}})->UseRealTime();
BENCHMARK(integer_dot_peak);
BENCHMARK(gemv)
    ->ArgsProduct({{kQ41, kQ8, kF16, kBf16}, {576, 1536, 16384}, {576, 1536}, {1}})
    ->ArgsProduct({all_types(), {16384}, {2048}, {1, 2}})
    ->UseRealTime();
BENCHMARK(gemm)
    ->ArgsProduct({all_types(), {1536}, {768}, {4, 16, 256}, {1}})
    ->ArgsProduct({{kQ41}, {576}, {1536}, {256}, {1, 2}})
    ->ArgsProduct({{kQ41}, {4096}, {4096}, {256}, {1}});

}  // namespace
}  // namespace msrnn::bench
