// Attention over vectors: products of scratch matrices, softmax, and one query's pass over a state.
#include "backend/cpu/isa/kernels.h"
#include "backend/cpu/isa/rows.h"
#include "backend/cpu/isa/stored_rows.h"
#include "backend/cpu/isa/vec.h"

namespace msrnn::cpu::MSRNN_ISA {
namespace {

// Rows and vectors of C that stay in registers: 24 of 32, or 12 of 16.
constexpr int kTileRows = kLanes == 16 ? 12 : 6;
constexpr int kTileVectors = 2;

template <int R, int V, bool kAdd>
void product_tile(const Product& p, int row, int column) {
  F32 sums[R][V];
  for (auto& of_row : sums) {
    for (F32& sum : of_row) sum = zero();
  }
  const float* a = p.a + row * p.a_stride;
  const float* b = p.b + column;
  for (int i = 0; i < p.k; ++i) {
    const std::int64_t k = kAdd ? p.order[i] : i;
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
template <int V, bool kAdd>
void product_columns(const Product& p, int column) {
  int row = 0;
  for (; row + kTileRows <= p.m; row += kTileRows) product_tile<kTileRows, V, kAdd>(p, row, column);
  unrolled_constants<kTileRows - 1>([&](auto less) {
    if (p.m - row == less.value + 1) product_tile<less.value + 1, V, kAdd>(p, row, column);
  });
}

template <bool kAdd>
void product(const Product& p) {
  int column = 0;
  for (; column + kTileVectors * kLanes <= p.n; column += kTileVectors * kLanes) {
    product_columns<kTileVectors, kAdd>(p, column);
  }
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
  // The halves of a lane's sum are whole numbers below 2^31 for so many vectors.
  constexpr int kStrip = (1 << 14) * kLanes;
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
    std::int32_t lows[kLanes], highs[kLanes];
    store(lows, low);
    store(highs, high);
    for (int i = 0; i < kLanes; ++i) sum += (std::int64_t{highs[i]} << 16) + lows[i];
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

// D vectors of G heads' weighted sums of values, from number d on; load and store may be partial.
template <int G, int D, class Load, class Store>
void weigh_values(const SlotChunk& a, float* out, int g, int d, Load load_value, Store store_sum) {
  F32 sums[G][D];
  for (auto& of_head : sums) {
    for (F32& sum : of_head) sum = zero();
  }
  const float* e = a.exponentials + g * a.exponentials_stride;
  for (int s = a.begin; s < a.end; ++s) {
    F32 v[D];
    load_value(s, v);
    for (int h = 0; h < G; ++h) {
      const F32 weight = broadcast(e[h * a.exponentials_stride + s]);
      for (int i = 0; i < D; ++i) sums[h][i] = fma(weight, v[i], sums[h][i]);
    }
  }
  for (int h = 0; h < G; ++h) {
    float* of_head = out + std::int64_t{g + h} * a.head_dim + d;
    for (int i = 0; i < D; ++i) store_sum(of_head + i * kLanes, sums[h][i]);
  }
}

template <class T>
void weigh_all_values(const SlotChunk& a, StoredRows<T> values, float* out) {
  // The hardware begins anew with every page, of which a chunk is two.
  constexpr int kAhead = 16, kVectorsOfLine = kLanes * sizeof(T) < 64 ? 64 / (kLanes * sizeof(T)) : 1;
  const int whole = a.head_dim / kLanes, left = a.head_dim % kLanes;
  in_runs(a.group, [&]<int G>(int g) {
    in_runs(whole, [&]<int D>(int vector) {
      const int d = vector * kLanes;
      const auto load_value = [&](int s, F32(&v)[D]) {
        for (int i = 0; i < D; i += kVectorsOfLine) __builtin_prefetch(values.at(s + kAhead, d + i * kLanes));
        load_run(values, s, d, v);
      };
      weigh_values<G, D>(a, out, g, d, load_value, [](float* p, F32 sum) { store(p, sum); });
    });
    if (left == 0) return;
    const int d = whole * kLanes;
    weigh_values<G, 1>(
        a, out, g, d, [&](int s, F32(&v)[1]) { v[0] = values.codes(s, d, left) * values.scale(s, d); },
        [&](float* p, F32 sum) { store_partial(p, left, sum); });
  });
}

// Numbers of kLanes keys as columns: load_codes(i) reads those of the i-th key, and n of them become rows of
// the panel.
template <class LoadCodes, class Scales>
void load_tile(int n, float* panel, LoadCodes load_codes, Scales scales) {
  F32 rows[kLanes];
  unrolled<kLanes>([&](int i) { rows[i] = load_codes(i); });
  transpose(rows);
  for (int i = 0; i < n; ++i) store(panel + i * kKeyPanel, rows[i] * scales);
}

// Numbers [begin, end) of n keys, a block at most, become n columns of a panel.
template <class T>
void load_columns(StoredRows<T> keys, int first, int n, int begin, int end, float* panel) {
  const auto scales = keys.scales(first, begin, n);
  for (int d = begin; d < end; d += kLanes) {
    const int count = end - d < kLanes ? end - d : kLanes;
    if (n == kLanes && count == kLanes) {
      const auto load_codes = [&](int i) {
        // The hardware does not foresee the next panel: its first loads would wait for memory.
        __builtin_prefetch(keys.at(first + i + kKeyPanel, d));
        return keys.codes(first + i, d);
      };
      load_tile(kLanes, panel + d * kKeyPanel, load_codes, scales);
    } else {
      load_tile(
          count, panel + d * kKeyPanel,
          [&](int i) { return i < n ? keys.codes(first + i, d, count) : zero(); }, scales);
    }
  }
}

// The panel of keys [begin, begin + n).
template <class T>
void load_panel_of(StoredRows<T> keys, int begin, int n, float* panel) {
  constexpr int kBlock = StoredRows<T>::kBlock;
  for (int c = 0; c < kKeyPanel; c += kLanes) {
    const int n_keys = n - c < 0 ? 0 : n - c < kLanes ? n - c : kLanes;
    for (int d = 0; d < keys.n; d += kBlock) {
      load_columns(keys, begin + c, n_keys, d, d + kBlock < keys.n ? d + kBlock : keys.n, panel + c);
    }
  }
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

void score_slots(const SlotChunk& a, float* largest) {
  with_stored(a.key_type, [&]<class T>(T*) {
    for (int s = a.begin; s < a.end; s += kKeyPanel) {
      const int n = a.end - s < kKeyPanel ? a.end - s : kKeyPanel;
      load_panel_of(StoredRows<T>{a.keys, a.head_dim}, s, n, a.panel);
      product<false>({a.q, a.head_dim, a.panel, kKeyPanel, a.exponentials + s, a.exponentials_stride, a.group,
                      kKeyPanel, a.head_dim, nullptr});
    }
  });
  for (int g = 0; g < a.group && a.soft_cap > 0; ++g) {
    soft_cap(a.exponentials + g * a.exponentials_stride + a.begin, a.end - a.begin, a.soft_cap);
  }
  const int end = a.end + (kColumnAlignment - a.end % kColumnAlignment) % kColumnAlignment;
  for (int s = a.begin; s < end; ++s) {
    if (s < a.end && a.slots[s].position >= a.first_position) continue;
    for (int g = 0; g < a.group; ++g) a.exponentials[g * a.exponentials_stride + s] = -__builtin_inff();
  }
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
