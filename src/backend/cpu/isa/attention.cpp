// Attention over vectors: products of scratch matrices, softmax, and one query's pass over a state.
#include "backend/cpu/isa/sweep.h"
#include "backend/cpu/isa/vec.h"

namespace msrnn::cpu::MSRNN_ISA {

AttentionKernels attention_kernels();

namespace {

// Rows and vectors of C that stay in registers: 24 of 32, or 12 of 16.
constexpr int kTileRows = kLanes == 16 ? 12 : 6;
constexpr int kTileVectors = 2;

template <int R, int V, bool kAdd>
void product_tile(const Product& p, int row, int column) {
  F32 sums[R][V];
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) {
      sums[r][v] = kAdd ? load(p.c + (row + r) * p.c_stride + column + v * kLanes) : zero();
    }
  }
  const float* a = p.a + row * p.a_stride;
  const float* b = p.b + column;
  for (int k = 0; k < p.k; ++k, b += p.b_stride) {
    F32 b_k[V];
    for (int v = 0; v < V; ++v) b_k[v] = load(b + v * kLanes);
    for (int r = 0; r < R; ++r) {
      const F32 a_rk = broadcast(a[r * p.a_stride + k]);
      for (int v = 0; v < V; ++v) sums[r][v] = fma(a_rk, b_k[v], sums[r][v]);
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) store(p.c + (row + r) * p.c_stride + column + v * kLanes, sums[r][v]);
  }
}

// Rows from `row` on, as many at a time as there are left, up to R.
template <int R, int V, bool kAdd>
void product_rows(const Product& p, int row, int column) {
  for (; row + R <= p.m; row += R) product_tile<R, V, kAdd>(p, row, column);
  if constexpr (R > 1) {
    if (row < p.m) product_rows<R / 2, V, kAdd>(p, row, column);
  }
}

template <bool kAdd>
void product(const Product& p) {
  int column = 0;
  for (; column + kTileVectors * kLanes <= p.n; column += kTileVectors * kLanes) {
    product_rows<kTileRows, kTileVectors, kAdd>(p, 0, column);
  }
  for (; column < p.n; column += kLanes) product_rows<kTileRows, 1, kAdd>(p, 0, column);
}

float soften(const Softening& s, RunningSoftmax& running) {
  const I32 row = broadcast(s.row);
  const auto hidden = [&](int c) {
    return less(row, load(s.first_row + c)) | less(load(s.last_row + c), row);
  };
  const F32 nothing = broadcast(RunningSoftmax::kNothing);
  F32 most = nothing;
  for (int c = 0; c < s.n; c += kLanes) most = max(most, select(hidden(c), nothing, load(s.scores + c)));
  const float before = running.largest;
  const float found = reduce_max(most);
  running.largest = found > before ? found : before;

  const F32 largest = broadcast(running.largest);
  F32 sum = zero();
  for (int c = 0; c < s.n; c += kLanes) {
    const F32 e = select(hidden(c), zero(), exp(load(s.scores + c) - largest));
    store(s.scores + c, e);
    sum = sum + e;
  }
  const float factor = reduce_max(exp(broadcast(before - running.largest)));
  running.sum = running.sum * factor + reduce_add(sum);
  return factor;
}

// Calls f.operator()<N>(first) for numbers 0 … n − 1 in runs of up to 4.
template <class F>
void in_runs(int n, F f) {
  int first = 0;
  for (; first + 4 <= n; first += 4) f.template operator()<4>(first);
  if (n - first == 3) f.template operator()<3>(first);
  if (n - first == 2) f.template operator()<2>(first);
  if (n - first == 1) f.template operator()<1>(first);
}

// sums[h][i] += q of head h · key of slot i, over the numbers one load takes.
template <int G, int S, class Q, class K, class Load>
void add_products(F32 (&sums)[G][S], const Q* q, const K* k, std::int64_t stride, Load load_numbers) {
  F32 k_s[S];
  for (int i = 0; i < S; ++i) k_s[i] = load_numbers(k + i * stride);
#pragma GCC unroll 4
  for (int h = 0; h < G; ++h) {
    const F32 q_h = load_numbers(q + h * stride);
#pragma GCC unroll 4
    for (int i = 0; i < S; ++i) sums[h][i] = fma(q_h, k_s[i], sums[h][i]);
  }
}

// Scores of S slots for G heads: a key is loaded once for all of them. Loops over registers are unrolled by
// name, or g++ keeps a copy of the sums in memory.
template <int G, int S, class T>
void score_slots(const SlotChunk& a, const T* keys, int g, int s) {
  const std::int64_t stride = a.head_dim;
  const float* q = a.q + g * stride;
  const T* k = keys + s * stride;
  F32 sums[G][S];
#pragma GCC unroll 4
  for (int h = 0; h < G; ++h) {
#pragma GCC unroll 4
    for (int i = 0; i < S; ++i) sums[h][i] = zero();
  }
  int left = a.head_dim;
  for (; left >= kLanes; left -= kLanes, q += kLanes, k += kLanes) {
    add_products(sums, q, k, stride, [](const auto* p) { return load(p); });
  }
  if (left > 0) add_products(sums, q, k, stride, [left](const auto* p) { return load_partial(p, left); });
#pragma GCC unroll 4
  for (int h = 0; h < G; ++h) {
    float* scores = a.exponentials + (g + h) * a.exponentials_stride + s;
    if constexpr (S == 4) {
      store_sums(scores, sums[h][0], sums[h][1], sums[h][2], sums[h][3]);
    } else {  // added up in the same order: equal keys have equal scores wherever they are
      float four[4];
      store_sums(four, sums[h][0], sums[h][S > 1 ? 1 : 0], sums[h][S > 2 ? 2 : 0], zero());
      for (int i = 0; i < S; ++i) scores[i] = four[i];
    }
  }
}

// D vectors of G heads' weighted sums of values, from number d on; load and store may be partial.
template <int G, int D, class T, class Load, class Store>
void weigh_values(const SlotChunk& a, const T* values, int g, int d, Load load_value, Store store_sum) {
  F32 sums[G][D];
  for (auto& of_head : sums) {
    for (F32& sum : of_head) sum = zero();
  }
  const float* e = a.exponentials + g * a.exponentials_stride;
  for (int s = a.begin; s < a.end; ++s) {
    const T* value = values + std::int64_t{s} * a.head_dim + d;
    F32 v[D];
    for (int i = 0; i < D; ++i) v[i] = load_value(value + i * kLanes);
    for (int h = 0; h < G; ++h) {
      const F32 weight = broadcast(e[h * a.exponentials_stride + s]);
      for (int i = 0; i < D; ++i) sums[h][i] = fma(weight, v[i], sums[h][i]);
    }
  }
  for (int h = 0; h < G; ++h) {
    float* out = a.sums + std::int64_t{g + h} * a.head_dim + d;
    for (int i = 0; i < D; ++i) store_sum(out + i * kLanes, sums[h][i]);
  }
}

template <class T>
void weigh_all_values(const SlotChunk& a, const T* values) {
  const int whole = a.head_dim / kLanes, left = a.head_dim % kLanes;
  in_runs(a.group, [&]<int G>(int g) {
    in_runs(whole, [&]<int D>(int vector) {
      weigh_values<G, D>(
          a, values, g, vector * kLanes, [](const T* p) { return load(p); },
          [](float* p, F32 sum) { store(p, sum); });
    });
    if (left == 0) return;
    weigh_values<G, 1>(
        a, values, g, whole * kLanes, [left](const T* p) { return load_partial(p, left); },
        [left](float* p, F32 sum) { store_partial(p, left, sum); });
  });
}

void soften_slots(const SlotChunk& a) {
  const int end = static_cast<int>(aligned_columns(a.end));
  for (int g = 0; g < a.group; ++g) {
    float* e = a.exponentials + g * a.exponentials_stride;
    for (int s = a.end; s < end; ++s) e[s] = -__builtin_inff();
    F32 most = broadcast(RunningSoftmax::kNothing);
    for (int s = a.begin; s < end; s += kLanes) most = max(most, load(e + s));
    const float largest = reduce_max(most);
    F32 sum = zero();
    for (int s = a.begin; s < end; s += kLanes) {
      const F32 e_s = exp(load(e + s) - broadcast(largest));
      store(e + s, e_s);
      sum = sum + e_s;
    }
    a.softmax[g].largest = largest;
    a.softmax[g].sum = reduce_add(sum);
  }
}

// Calls f with a null pointer to numbers of the type.
template <class F>
void with_type(DType type, F f) {
  if (type == DType::f16) return f(static_cast<const Half*>(nullptr));
  if (type == DType::bf16) return f(static_cast<const BFloat16*>(nullptr));
  return f(static_cast<const float*>(nullptr));
}

void attend_slots(const SlotChunk& a) {
  with_type(a.key_type, [&]<class T>(const T*) {
    const T* keys = reinterpret_cast<const T*>(a.keys);
    in_runs(a.group, [&]<int G>(int g) {
      in_runs(a.end - a.begin, [&]<int S>(int s) { score_slots<G, S>(a, keys, g, a.begin + s); });
    });
  });
  for (int s = a.begin; s < a.end; ++s) {
    if (a.slots[s].position != kEmpty) continue;
    for (int g = 0; g < a.group; ++g) a.exponentials[g * a.exponentials_stride + s] = -__builtin_inff();
  }
  soften_slots(a);
  with_type(a.value_type,
            [&]<class T>(const T*) { weigh_all_values(a, reinterpret_cast<const T*>(a.values)); });
}

void scale(float* values, std::int64_t n, float factor) {
  for (std::int64_t i = 0; i < n; ++i) values[i] *= factor;
}

template <class From, class To>
void convert(const From* from, int n, To* to) {
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) store(to + i, load(from + i));
  if (i < n) store_partial(to + i, n - i, load_partial(from + i, n - i));
}

void store_as(DType type, const float* values, int n, std::byte* out) {
  with_type(type, [&]<class T>(const T*) { convert(values, n, reinterpret_cast<T*>(out)); });
}

void load_as(DType type, const std::byte* stored, int n, float* values) {
  with_type(type, [&]<class T>(const T*) { convert(reinterpret_cast<const T*>(stored), n, values); });
}

}  // namespace

AttentionKernels attention_kernels() {
  return {product<false>, product<true>, soften, attend_slots, scale, store_as, load_as, sweep_kernels()};
}

}  // namespace msrnn::cpu::MSRNN_ISA
