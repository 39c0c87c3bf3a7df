// Compiled once per instruction set: what vec_test.cpp calls.
#include "vec_probe.h"

#include "backend/cpu/isa/transpose.h"
#include "backend/cpu/isa/vec.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

template <class From, class To, class Operation>
void map(const From* in, int n, To* out, Operation operation) {
  for (int i = 0; i < n; i += kLanes) {
    const int piece = n - i < kLanes ? n - i : kLanes;
    const F32 x = piece == kLanes ? load(in + i) : load_partial(in + i, piece);
    piece == kLanes ? store(out + i, operation(x)) : store_partial(out + i, piece, operation(x));
  }
}

}  // namespace

VecProbe vec_probe() {
  VecProbe probe;
  probe.lanes = kLanes;
  probe.exp = [](const float* in, int n, float* out) { map(in, n, out, [](F32 x) { return exp(x); }); };
  probe.from_half = [](const Half* in, int n, float* out) { map(in, n, out, [](F32 x) { return x; }); };
  probe.to_half = [](const float* in, int n, Half* out) { map(in, n, out, [](F32 x) { return x; }); };
  probe.from_bfloat16 = [](const BFloat16* in, int n, float* out) {
    map(in, n, out, [](F32 x) { return x; });
  };
  probe.to_bfloat16 = [](const float* in, int n, BFloat16* out) { map(in, n, out, [](F32 x) { return x; }); };
  probe.reduce = [](const float* in, float* out) {
    const F32 x = load(in);
    out[0] = reduce_add(x);
    out[1] = reduce_max(x);
    out[2] = reduce_min(x);
  };
  probe.less_bits = [](const float* a, const float* b) { return bits(less(load(a), load(b))); };
  probe.select_less = [](const float* a, const float* b, float* out) {
    const F32 x = load(a), y = load(b);
    store(out, select(less(x, y), x, y));
  };
  probe.first_lanes_bits = [](int n) { return bits(first_lanes(n)); };
  probe.round_to_int = [](const float* in, std::int32_t* out) { store(out, round_to_int(load(in))); };
  probe.truncate_halves = [](const float* in, std::int32_t* low, std::int32_t* high) {
    const I32 x = truncate_to_int(load(in));
    store(low, low_half(x));
    store(high, high_half(x));
  };
  probe.transpose = [](const float* in, float* out) {
    F32 rows[kLanes];
    for (int i = 0; i < kLanes; ++i) rows[i] = load(in + i * kLanes);
    transpose(rows);
    for (int i = 0; i < kLanes; ++i) store(out + i * kLanes, rows[i]);
  };
  probe.transpose_16bit = [](const std::uint16_t* in, std::uint16_t* out, int stride) {
    I32 rows[kLanes];
    for (int i = 0; i < kLanes; ++i) rows[i] = load(reinterpret_cast<const std::int32_t*>(in) + i * kLanes);
    transpose_16bit(rows, out, stride);
  };
  return probe;
}

}  // namespace msrnn::cpu::MSRNN_ISA
