// Eviction row by row: the one part of a block that is a chain, so it is kept to a few adds a column. Plain
// loops over arrays, which the compiler turns into vectors, for policies are plain functions of one slot.
#include "backend/cpu/isa/kernels.h"
#include "backend/cpu/isa/vec.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

constexpr std::int32_t kNoCandidate = LaneColumns::kNoCandidate;

// The inverse sums of row r: dropped columns are taken out of the sums. False where the row's exponentials
// have to be computed anew.
bool sum_row(const SweepArgs& a, int r) {
  const RowSoftmax* softmax = a.softmax + r * a.head_stride;
  float* inverse = a.inverse_sums + r * a.head_stride;
  for (int head = 0; head < a.n_kv_heads * a.group; ++head) {
    if (a.columns.alive[softmax[head].largest_column] == 0) return false;
  }
  for (int v = 0; v < a.n_kv_heads; ++v) {
    for (int g = 0; g < a.group; ++g) {
      const float* e = a.exponentials + v * a.kv_stride + (std::int64_t{r} * a.group + g) * a.stride;
      std::int64_t sum = (softmax++)->sum;
      for (int i = 0; i < r; ++i) {
        if (a.dropped[i] < 0) continue;
        sum -= static_cast<std::int32_t>(e[a.dropped[i]] * (1 / kSoftmaxUnit) + 0.5f);
      }
      *inverse++ = 1.0f / (static_cast<float>(sum) * kSoftmaxUnit);
    }
  }
  return true;
}

// mass[c] = Σ over heads, in index order, of the probability column c got from row r.
void add_up_mass(const SweepArgs& a, int r, int n) {
  constexpr int kStrip = 4 * kLanes;  // columns whose mass stays in registers; the arrays have room for it
  for (int c = 0; c < n; c += kStrip) {
    const float* inverse = a.inverse_sums + r * a.head_stride;
    F32 mass[4] = {zero(), zero(), zero(), zero()};
    for (int v = 0; v < a.n_kv_heads; ++v) {
      const float* e = a.exponentials + v * a.kv_stride + std::int64_t{r} * a.group * a.stride + c;
      for (int g = 0; g < a.group; ++g, e += a.stride) {
        const F32 factor = broadcast(*inverse++);
        for (int i = 0; i < 4; ++i) mass[i] = mass[i] + load(e + i * kLanes) * factor;
      }
    }
    for (int i = 0; i < 4; ++i) {
      const int at = c + i * kLanes;
      store(a.mass + at, mass[i] * load(a.columns.alive + at));
    }
  }
}

// Floats as integers of the same order, −0 as 0.
inline std::int32_t ordered(float x) {
  const auto bits = __builtin_bit_cast(std::int32_t, x + 0.0f);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

std::int32_t smallest(const std::int32_t* values, int n) {
  I32 least = load(values);
  for (int c = kLanes; c < n; c += kLanes) least = min(least, load(values + c));
  std::int32_t lanes[kLanes];
  store(lanes, least);
  std::int32_t smallest = lanes[0];
  for (int i = 1; i < kLanes; ++i) smallest = lanes[i] < smallest ? lanes[i] : smallest;
  return smallest;
}

// The candidate least worth keeping; of equals the oldest token. The newest column where there is none.
template <class P>
int least_worth(P policy, const SweepArgs& a, int newest, int n, Clock clock) {
  const std::int32_t* __restrict position = a.columns.position;
  const std::int32_t* __restrict order = a.columns.order;
  const float* __restrict score = a.columns.score;
  std::int32_t* __restrict worth = a.worth;
  for (int c = 0; c < n; ++c) {
    const std::int32_t keep = ordered(policy.keep({position[c], score[c]}, clock));
    worth[c] = order[c] > clock.now ? kNoCandidate : keep;
  }
  const std::int32_t least = smallest(worth, n);
  if (least == kNoCandidate) return newest;
  I32 oldest = broadcast(kNoCandidate), chosen = broadcast(newest);
  for (int c = 0; c < n; c += kLanes) {
    const I32 age = load(order + c);
    const Mask better = equal(load(worth + c), broadcast(least)) & less(age, oldest);
    oldest = select(better, age, oldest);
    chosen = select(better, broadcast(c) + iota(), chosen);
  }
  std::int32_t ages[kLanes], columns[kLanes];
  store(ages, oldest);
  store(columns, chosen);
  int best = 0;
  for (int i = 1; i < kLanes; ++i) best = ages[i] < ages[best] ? i : best;
  return columns[best];
}

template <class P>
[[gnu::flatten]] int sweep(const P& policy, SweepArgs& a) {
  for (int r = a.begin_row; r < a.end_row; ++r) {
    const int n = static_cast<int>(aligned_columns(a.n_columns + r));
    const int newest = a.new_column + r;
    if constexpr (P::observes) {
      if (!sum_row(a, r)) return r;
      add_up_mass(a, r, n);
      float* score = a.columns.score;
      score[newest] = 0;
      for (int c = 0; c < n; ++c) score[c] = policy.update(score[c], a.mass[c]);
    }
    a.dropped[r] = -1;
    if (++a.n_live <= a.capacity) continue;
    const int column = least_worth(policy, a, newest, n, {a.first_position + r, a.capacity});
    a.columns.alive[column] = 0;
    a.columns.order[column] = kNoCandidate;
    if (a.columns.last_row[column] > r) a.columns.last_row[column] = r;
    a.dropped[r] = column;
    --a.n_live;
  }
  return a.end_row;
}

template <class... P>
std::tuple<Sweep<P>...> all_sweeps(const std::tuple<Sweep<P>...>*) {
  return {sweep<P>...};
}

}  // namespace

void add_sweeps(AttentionKernels& kernels) { kernels.sweeps = all_sweeps(&kernels.sweeps); }

}  // namespace msrnn::cpu::MSRNN_ISA
