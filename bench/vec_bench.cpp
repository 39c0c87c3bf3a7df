// Our vector type beside Highway: weigh_slots, the last pass of attention over a state, written with each and
// run with the same instructions. Results have to agree to the bit.
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "backend/cpu/attention_pass.h"
#include "backend/cpu/kernels.h"
#include "base/half.h"
#include "highway_weigh.h"

namespace msrnn::bench {
namespace {

using WeighSlots = void (*)(const cpu::SlotChunk&, float* sums);

// The slots that one task of a decoding step weighs, of a random state.
class Chunk {
 public:
  Chunk(int head_dim, int group, int slots)
      : values_(static_cast<std::size_t>(slots * head_dim)),
        exponentials_(static_cast<std::size_t>(slots * group)),
        sums_(static_cast<std::size_t>(head_dim * group)) {
    std::mt19937 random(1);
    std::normal_distribution<float> value;
    std::uniform_real_distribution<float> exponential;
    for (Half& v : values_) v = to_half(value(random));
    for (float& e : exponentials_) e = exponential(random);
    chunk_.values = reinterpret_cast<const std::byte*>(values_.data());
    chunk_.value_type = DType::f16;
    chunk_.group = group;
    chunk_.head_dim = head_dim;
    chunk_.end = slots;
    chunk_.exponentials = exponentials_.data();
    chunk_.exponentials_stride = slots;
  }

  const std::vector<float>& run(WeighSlots weigh) {
    weigh(chunk_, sums_.data());
    return sums_;
  }
  std::int64_t multiply_adds() const { return static_cast<std::int64_t>(sums_.size()) * chunk_.end; }

 private:
  std::vector<Half> values_;
  std::vector<float> exponentials_, sums_;
  cpu::SlotChunk chunk_{};
};

struct Shape {
  int head_dim, group;
};

void check(const cpu::Kernels& kernels, Shape shape) {
  for (const int slots : {1, 2, 63, cpu::kSlotChunk}) {
    Chunk chunk(shape.head_dim, shape.group, slots);
    const std::vector<float> ours = chunk.run(kernels.attention.weigh_slots);
    if (ours == chunk.run(highway_weigh_slots)) continue;
    fmt::print(stderr, "{}: Highway's sums of {} slots, {} heads of {} differ from ours\n", kernels.isa,
               slots, shape.group, shape.head_dim);
    std::exit(1);
  }
}

void add(const cpu::Kernels& kernels, Shape shape, std::string_view name, WeighSlots weigh) {
  const std::string title =
      fmt::format("weigh_slots/{}/head_dim:{}/group:{}/{}", kernels.isa, shape.head_dim, shape.group, name);
  benchmark::RegisterBenchmark(title.c_str(), [=, isa = kernels.isa](benchmark::State& state) {
    force_highway(isa);
    Chunk chunk(shape.head_dim, shape.group, cpu::kSlotChunk);
    for (auto _ : state) benchmark::DoNotOptimize(chunk.run(weigh).data());
    state.counters["MAC/s"] = benchmark::Counter(
        static_cast<double>(state.iterations() * chunk.multiply_adds()), benchmark::Counter::kIsRate);
  });
}

void add_all() {
  for (const cpu::Kernels* kernels : cpu::supported_kernels()) {
    // The other sets have attention's kernels of one of these.
    if ((kernels->isa != "avx2" && kernels->isa != "avx512") || !force_highway(kernels->isa)) continue;
    for (const Shape shape : {Shape{64, 1}, Shape{64, 3}, Shape{64, 8}, Shape{128, 4}}) {
      check(*kernels, shape);
      add(*kernels, shape, "vec", kernels->attention.weigh_slots);
      add(*kernels, shape, "highway", highway_weigh_slots);
    }
  }
}

}  // namespace
}  // namespace msrnn::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  msrnn::bench::add_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
