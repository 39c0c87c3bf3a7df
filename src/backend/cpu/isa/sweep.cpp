// Eviction row by row: the one part of a block that is a chain, so it is kept to a few adds a column. Plain
// loops over arrays, which the compiler turns into vectors, for policies are plain functions of one slot.
#include "backend/cpu/isa/sweep.h"

#include "backend/cpu/isa/vec.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

constexpr std::int32_t kNoCandidate = LaneColumns::kNoCandidate;

// Σ e[c] · alive[c]
float live_sum(const float* e, const float* alive, int n) {
  constexpr int kParts = kColumnAlignment / kLanes;
  F32 sums[kParts];
  for (F32& sum : sums) sum = zero();
  for (int c = 0; c < n; c += kColumnAlignment) {
    for (int i = 0; i < kParts; ++i) {
      sums[i] = fma(load(e + c + i * kLanes), load(alive + c + i * kLanes), sums[i]);
    }
  }
  F32 total = sums[0];
  for (int i = 1; i < kParts; ++i) total = total + sums[i];
  return reduce_add(total);
}

// The inverse sums of row r. False where a sum underflows.
bool sum_row(const SweepArgs& a, int r, int n) {
  float* inverse = a.inverse_sums + r * a.inverse_stride;
  for (int v = 0; v < a.n_kv_heads; ++v) {
    for (int g = 0; g < a.group; ++g) {
      const float* e = a.exponentials + v * a.kv_stride + (std::int64_t{r} * a.group + g) * a.stride;
      const float sum = live_sum(e, a.columns.alive, n);
      if (sum < SweepArgs::kUnderflow && r != a.resume) return false;
      *inverse++ = 1.0f / sum;
    }
  }
  return true;
}

// mass[c] = Σ over heads, in index order, of the probability column c got from row r.
void add_up_mass(const SweepArgs& a, int r, int n) {
  constexpr int kStrip = 4 * kLanes;  // columns whose mass stays in registers; the arrays have room for it
  for (int c = 0; c < n; c += kStrip) {
    const float* inverse = a.inverse_sums + r * a.inverse_stride;
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

// The candidate least worth keeping; of equals the oldest token. The newest column where there is none.
template <class P>
int least_worth(const P& policy, const SweepArgs& a, int newest, int n, Clock clock) {
  const std::int32_t* order = a.columns.order;
  std::int32_t* worth = a.worth;
  std::int32_t least = kNoCandidate;
  for (int c = 0; c < n; ++c) {
    const std::int32_t keep = ordered(policy.keep({a.columns.position[c], a.columns.score[c]}, clock));
    worth[c] = order[c] > clock.now ? kNoCandidate : keep;
    least = worth[c] < least ? worth[c] : least;
  }
  std::int32_t oldest = kNoCandidate;
  if (least == kNoCandidate) return newest;
  for (int c = 0; c < n; ++c) {
    const std::int32_t tied = worth[c] == least ? order[c] : kNoCandidate;
    oldest = tied < oldest ? tied : oldest;
  }
  std::int32_t chosen = n;
  for (int c = 0; c < n; ++c) {
    const std::int32_t found = order[c] == oldest ? c : n;
    chosen = found < chosen ? found : chosen;
  }
  return chosen;
}

template <class P>
[[gnu::flatten]] int sweep(const P& policy, SweepArgs& a) {
  for (int r = a.begin_row; r < a.end_row; ++r) {
    const int n = static_cast<int>(aligned_columns(a.n_columns + r));
    const int newest = a.new_column + r;
    if constexpr (P::observes) {
      if (!sum_row(a, r, n)) return r;
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
    a.columns.last_row[column] = r;
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

Sweeps sweep_kernels() { return all_sweeps(static_cast<const Sweeps*>(nullptr)); }

}  // namespace msrnn::cpu::MSRNN_ISA
