// Attention over vectors: products of scratch matrices, softmax, and one query's pass over a state.
#include "backend/cpu/isa/kernels.h"
#include "backend/cpu/isa/key_panels.h"
#include "backend/cpu/isa/rows.h"
#include "backend/cpu/isa/stored_rows.h"
#include "backend/cpu/isa/vec.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

// Vectors of C's columns that are made at once, and rows of these: 24 of 32 registers, or 12 of 16.
constexpr int kTileVectors = 2;
constexpr int tile_rows(int vectors) {
  return (kLanes == 16 ? 12 : 6) / (vectors > kTileVectors ? vectors / kTileVectors : 1);
}

// Vectors of numbers that lie in a cache line.
template <class T>
constexpr int kVectorsOfLine = kLanes * sizeof(T) < 64 ? 64 / (kLanes * sizeof(T)) : 1;

template <int R, int V, bool kAdd, class B>
void product_tile(const ProductWith<B>& p, int row, int column) {
  F32 sums[R][V];
  for (auto& of_row : sums) {
    for (F32& sum : of_row) sum = zero();
  }
  const float* a = p.a + row * p.a_stride;
  const B* b = p.b + column;
  for (int i = 0; i < p.k; ++i) {
    const std::int64_t k = kAdd ? p.order[i] : i;
    if constexpr (sizeof(B) < sizeof(float)) {
      for (int v = 0; v < V; v += kVectorsOfLine<B>) {
        const B* next = p.next + column + k * p.b_stride + v * kLanes;
        if (next < p.next_end) __builtin_prefetch(next);
      }
    }
    F32 b_k[V];
    for (int v = 0; v < V; ++v) b_k[v] = load(b + k * p.b_stride + v * kLanes);
    for (int r = 0; r < R; ++r) {
      const F32 a_rk = broadcast(a[r * p.a_stride + k]);
      for (int v = 0; v < V; ++v) sums[r][v] = fma(a_rk, b_k[v], sums[r][v]);
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) {
      float* c = p.c + (row + r) * p.c_stride + column + v * kLanes;
      store(c, kAdd ? load(c) + sums[r][v] : sums[r][v]);
    }
  }
}

// V vectors of columns, all rows: those that are left over at once too.
template <int V, bool kAdd, class B>
void product_columns(const ProductWith<B>& p, int column) {
  constexpr int kRows = tile_rows(V);
  int row = 0;
  for (; row + kRows <= p.m; row += kRows) product_tile<kRows, V, kAdd>(p, row, column);
  unrolled_constants<kRows - 1>([&](auto less) {
    if (p.m - row == less.value + 1) product_tile<less.value + 1, V, kAdd>(p, row, column);
  });
}

template <bool kAdd, int V = kTileVectors, class B = float>
void product(const ProductWith<B>& p) {
  int column = 0;
  for (; column + V * kLanes <= p.n; column += V * kLanes) product_columns<V, kAdd>(p, column);
  for (; column < p.n; column += kLanes) product_columns<1, kAdd>(p, column);
}

float hide(const RowScores& s) {
  const I32 row = broadcast(s.row);
  F32 largest = broadcast(kNoScore);
  for (int c = 0; c < s.n; c += kLanes) {
    const Mask hidden = less(row, load(s.first_row + c)) | less(load(s.last_row + c), row);
    const F32 score = select(hidden, broadcast(-__builtin_inff()), load(s.scores + c));
    store(s.scores + c, score);
    largest = max(largest, score);
  }
  return reduce_max(largest);
}

int find(const float* scores, int n, float score) {
  for (int c = 0; c < n; c += kLanes) {
    const std::uint32_t found = bits(equal(load(scores + c), broadcast(score)));
    if (found != 0) return c + __builtin_ctz(found);
  }
  return n;
}

std::int64_t exponentiate(float* scores, int n, float largest) {
  // The halves of so many numbers add up to less than 2^31.
  constexpr int kStrip = 1 << 15;
  std::int64_t sum = 0;
  for (int begin = 0; begin < n; begin += kStrip) {
    const int end = n - begin < kStrip ? n : begin + kStrip;
    I32 low = broadcast(0), high = broadcast(0);
    for (int c = begin; c < end; c += kLanes) {
      const F32 e = exp(load(scores + c) - broadcast(largest));
      store(scores + c, e);
      const I32 units = truncate_to_int(e * broadcast(1 / kSoftmaxUnit) + broadcast(0.5f));
      low = low + low_half(units);
      high = high + high_half(units);
    }
    sum += (std::int64_t{reduce_add(high)} << 16) + reduce_add(low);
  }
  return sum;
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

// What is fetched while values up to `end` are weighed: with that of slot s, row s.
template <class T>
struct Ahead {
  int end;
  StoredRows<T> rows;
};

// D vectors of G heads' weighted sums of values, from number d on; load and store may be partial.
template <int G, int D, class T, class Load, class Store>
void weigh_values(const SlotChunk& a, const Ahead<T> (&ahead)[2], float* out, int g, int d, Load load_value,
                  Store store_sum) {
  F32 sums[G][D];
  for (auto& of_head : sums) {
    for (F32& sum : of_head) sum = zero();
  }
  const float* e = a.exponentials + g * a.exponentials_stride;
  int s = a.begin;
  for (const auto& [end, next] : ahead) {
    for (; s < end; ++s) {
      for (int i = 0; i < D; i += kVectorsOfLine<T>) __builtin_prefetch(next.at(s, d + i * kLanes));
      F32 v[D];
      load_value(s, v);
      for (int h = 0; h < G; ++h) {
        const F32 weight = broadcast(e[h * a.exponentials_stride + s]);
        for (int i = 0; i < D; ++i) sums[h][i] = fma(weight, v[i], sums[h][i]);
      }
    }
  }
  for (int h = 0; h < G; ++h) {
    float* of_head = out + std::int64_t{g + h} * a.head_dim + d;
    for (int i = 0; i < D; ++i) store_sum(of_head + i * kLanes, sums[h][i]);
  }
}

template <class T>
void weigh_all_values(const SlotChunk& a, StoredRows<T> values, float* out) {
  // The hardware begins anew with every page, of which a chunk is a few.
  constexpr int kAhead = 64;
  const int last = a.ahead_end < kAhead ? 0 : a.ahead_end - kAhead;
  const StoredRows<T> after{a.after_values, a.head_dim};
  const Ahead<T> ahead[] = {{last < a.end ? last : a.end, values.from(kAhead)}, {a.end, after.from(-last)}};
  const int whole = a.head_dim / kLanes, left = a.head_dim % kLanes;
  in_runs(a.group, [&]<int G>(int g) {
    in_runs(whole, [&]<int D>(int vector) {
      const int d = vector * kLanes;
      weigh_values<G, D>(
          a, ahead, out, g, d, [&](int s, F32(&v)[D]) { load_run(values, s, d, v); },
          [](float* p, F32 sum) { store(p, sum); });
    });
    if (left == 0) return;
    const int d = whole * kLanes;
    weigh_values<G, 1>(
        a, ahead, out, g, d, [&](int s, F32(&v)[1]) { v[0] = values.codes(s, d, left) * values.scale(s, d); },
        [&](float* p, F32 sum) { store_partial(p, left, sum); });
  });
}

void load_panel(DType type, const std::byte* stored, int n_rows, int head_dim, float* panel) {
  with_stored(type, [&]<class T>(T*) { load_panel_of(StoredRows<T>{stored, head_dim}, 0, n_rows, panel); });
}

// tanh(y) = 1 − 2 / (1 + e^2y)
void soft_cap(float* x, std::int64_t n, float cap) {
  const F32 twice = broadcast(2 / cap), one = broadcast(1.0f);
  for (std::int64_t i = 0; i < n; i += kLanes) {
    const int piece = n - i < kLanes ? static_cast<int>(n - i) : kLanes;
    const F32 numbers = piece == kLanes ? load(x + i) : load_partial(x + i, piece);
    const F32 capped = (one - broadcast(2.0f) / (one + exp(numbers * twice))) * broadcast(cap);
    piece == kLanes ? store(x + i, capped) : store_partial(x + i, piece, capped);
  }
}

// Scores of all slots before any is hidden. Few queries are few chains of additions, which wait for each
// other: panels of smaller numbers are wider. The next panel is fetched during the product, which needs no
// memory: the hardware does not foresee it.
template <class T>
void multiply_slots(const SlotChunk& a) {
  using Number = PanelNumber<T>;
  constexpr int kKeys = kPanelKeys<Number>;
  constexpr int kVectors = kLanes == 16 && sizeof(Number) < sizeof(float) ? 4 : kTileVectors;
  const StoredRows<T> keys{a.keys, a.head_dim};
  auto* panel = reinterpret_cast<Number*>(a.panel);
  for (int s = a.begin; s < a.end; s += kKeys) {
    const int n = a.end - s < kKeys ? a.end - s : kKeys;
    ProductWith<Number> product_of{.a = a.q,
                                   .a_stride = a.head_dim,
                                   .b = panel,
                                   .b_stride = kKeys,
                                   .c = a.exponentials + s,
                                   .c_stride = a.exponentials_stride,
                                   .m = a.group,
                                   .n = (n + kLanes - 1) / kLanes * kLanes,
                                   .k = a.head_dim};
    if constexpr (sizeof(Number) < sizeof(float)) {
      load_16bit_panel(keys, s, n, panel);
      const bool last = s + kKeys >= a.ahead_end;
      const StoredRows<T> next{last ? a.after_keys : a.keys, a.head_dim};
      product_of.next = next.at(last ? 0 : s + kKeys, 0);
      product_of.next_end = next.at(a.ahead_end, 0);
    } else {
      load_panel_of(keys, s, n, panel);
    }
    product<false, kVectors>(product_of);
  }
}

// Slots that are not seen, and those up to `end`, which are none.
void hide_slots(const SlotChunk& a, int end) {
  std::int32_t first = a.first_position;  // the common case: all are seen
  for (int s = a.begin; s < a.end; ++s) first = a.slots[s].position < first ? a.slots[s].position : first;
  for (int s = first < a.first_position ? a.begin : a.end; s < end; ++s) {
    if (s < a.end && a.slots[s].position >= a.first_position) continue;
    for (int g = 0; g < a.group; ++g) a.exponentials[g * a.exponentials_stride + s] = -__builtin_inff();
  }
}

void score_slots(const SlotChunk& a, float* largest) {
  with_stored(a.key_type, [&]<class T>(T*) { multiply_slots<T>(a); });
  for (int g = 0; g < a.group && a.soft_cap > 0; ++g) {
    soft_cap(a.exponentials + g * a.exponentials_stride + a.begin, a.end - a.begin, a.soft_cap);
  }
  const int end = a.end + (kColumnAlignment - a.end % kColumnAlignment) % kColumnAlignment;
  hide_slots(a, end);
  for (int g = 0; g < a.group; ++g) {
    F32 most = broadcast(kNoScore);
    for (int s = a.begin; s < end; s += kLanes) {
      most = max(most, load(a.exponentials + g * a.exponentials_stride + s));
    }
    largest[g] = reduce_max(most);
  }
}

void weigh_slots(const SlotChunk& a, float* sums) {
  with_stored(a.value_type, [&]<class T>(T*) {
    weigh_all_values(a, StoredRows<T>{a.values, a.head_dim}, sums);
  });
}

void scale(float* values, std::int64_t n, float factor) {
  for (std::int64_t i = 0; i < n; ++i) values[i] *= factor;
}

void store_numbers(DType type, const float* values, int n, std::byte* out) {
  with_stored(type, [&]<class T>(T*) { store_row(values, n, reinterpret_cast<T*>(out)); });
}

void load_numbers(DType type, const std::byte* stored, int n, float* values) {
  with_stored(type, [&]<class T>(T*) {
    const StoredRows<T> row{stored, n};
    int i = 0;
    for (; i + kLanes <= n; i += kLanes) store(values + i, row.codes(0, i) * row.scale(0, i));
    if (i < n) store_partial(values + i, n - i, row.codes(0, i, n - i) * row.scale(0, i));
  });
}

}  // namespace

void add_attention(AttentionKernels& kernels) {
  kernels = {.multiply = product<false>,
             .multiply_add = product<true>,
             .hide = hide,
             .find = find,
             .exponentiate = exponentiate,
             .score_slots = score_slots,
             .weigh_slots = weigh_slots,
             .scale = scale,
             .soft_cap = soft_cap,
             .store = store_numbers,
             .load = load_numbers,
             .load_panel = load_panel,
             .sweeps = kernels.sweeps};
}

}  // namespace msrnn::cpu::MSRNN_ISA
