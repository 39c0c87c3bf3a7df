#include "highway_weigh.h"

// Highway compiles the rest of this file once per instruction set by including it again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "highway_weigh.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace msrnn::bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::CappedTag<float, 16>;
using HalfTag = hn::Rebind<hwy::float16_t, FloatTag>;
using Floats = hn::Vec<FloatTag>;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(FloatTag()));

// D vectors of G heads' weighted sums of values, from number d on: the loop of isa/attention.cpp.
template <int G, int D>
void weigh_values(const cpu::SlotChunk& a, const hwy::float16_t* values, float* out, int g, int d) {
  const FloatTag floats;
  const HalfTag halves;
  Floats sums[G][D];
  for (int h = 0; h < G; ++h) {
    for (int i = 0; i < D; ++i) sums[h][i] = hn::Zero(floats);
  }
  const float* e = a.exponentials + g * a.exponentials_stride;
  for (int s = a.begin; s < a.end; ++s) {
    const hwy::float16_t* value = values + std::int64_t{s} * a.head_dim + d;
    for (int i = 0; i < D; i += 32 / kLanes) __builtin_prefetch(value + 16 * a.head_dim + i * kLanes);
    Floats v[D];
    for (int i = 0; i < D; ++i) v[i] = hn::PromoteTo(floats, hn::LoadU(halves, value + i * kLanes));
    for (int h = 0; h < G; ++h) {
      const Floats weight = hn::Set(floats, e[h * a.exponentials_stride + s]);
      for (int i = 0; i < D; ++i) sums[h][i] = hn::MulAdd(weight, v[i], sums[h][i]);
    }
  }
  for (int h = 0; h < G; ++h) {
    float* of_head = out + std::int64_t{g + h} * a.head_dim + d;
    for (int i = 0; i < D; ++i) hn::StoreU(sums[h][i], floats, of_head + i * kLanes);
  }
}

template <int G>
void weigh_heads(const cpu::SlotChunk& a, const hwy::float16_t* values, float* out, int g) {
  int d = 0;
  for (; d + 4 * kLanes <= a.head_dim; d += 4 * kLanes) weigh_values<G, 4>(a, values, out, g, d);
  for (; d < a.head_dim; d += kLanes) weigh_values<G, 1>(a, values, out, g, d);
}

void weigh_slots(const cpu::SlotChunk& a, float* sums) {
  const auto* values = reinterpret_cast<const hwy::float16_t*>(a.values);
  int g = 0;
  for (; g + 4 <= a.group; g += 4) weigh_heads<4>(a, values, sums, g);
  if (a.group - g == 3) weigh_heads<3>(a, values, sums, g);
  if (a.group - g == 2) weigh_heads<2>(a, values, sums, g);
  if (a.group - g == 1) weigh_heads<1>(a, values, sums, g);
}

}  // namespace msrnn::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace msrnn::bench {

HWY_EXPORT(weigh_slots);

void highway_weigh_slots(const cpu::SlotChunk& chunk, float* sums) {
  HWY_DYNAMIC_DISPATCH(weigh_slots)(chunk, sums);
}

bool force_highway(std::string_view isa) {
  const std::int64_t target = isa == "avx512" ? HWY_AVX3 : isa == "avx2" ? HWY_AVX2 : 0;
  hwy::SetSupportedTargetsForTest(0);
  if ((hwy::SupportedTargets() & target & HWY_TARGETS) == 0) return false;
  hwy::SetSupportedTargetsForTest(target);
  return true;
}

}  // namespace msrnn::bench
#endif
