// Keys as a state stores them become panels, [head_dim][keys]: what products take as their right factor.
#pragma once

#include "backend/cpu/attention_kernels.h"
#include "backend/cpu/isa/rows.h"
#include "backend/cpu/isa/stored_rows.h"
#include "backend/cpu/isa/transpose.h"

namespace msrnn::cpu::MSRNN_ISA {

// What panels hold that only one pass looks at: numbers of 16 bits as they are, others as floats.
template <class T>
struct PanelNumberOf {
  using Type = float;
};
template <>
struct PanelNumberOf<Half> {
  using Type = Half;
};
template <>
struct PanelNumberOf<BFloat16> {
  using Type = BFloat16;
};
template <class T>
using PanelNumber = PanelNumberOf<T>::Type;

// The keys of such a panel.
template <class Number>
inline constexpr int kPanelKeys = kPanelRowBytes / sizeof(Number);

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

// The panel of keys [begin, begin + n), n ≤ kKeyPanel. The columns after them are 0.
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

// Rows of a tile of kLanes keys, `bytes` apart; from each 4 rows on anew, since the compiler would compute
// and spill the addresses of all.
MSRNN_INLINED inline void load_key_rows(const std::byte* first, std::int64_t bytes, I32 (&rows)[kLanes]) {
  unrolled<kLanes / 4>([&](int i) {
    const std::byte* const from = at_hand(first + 4 * i * bytes);
    for (int r = 0; r < 4; ++r) {
      rows[4 * i + r] = load(reinterpret_cast<const std::int32_t*>(from + r * bytes));
    }
  });
}

// 2 · kLanes numbers of kLanes keys, from number d on, as columns of a panel.
template <class T>
void load_16bit_tile(StoredRows<T> keys, int first, int d, T* panel) {
  I32 rows[kLanes];
  load_key_rows(reinterpret_cast<const std::byte*>(keys.at(first, d)), std::int64_t{keys.n} * sizeof(T),
                rows);
  transpose_16bit(rows, &panel->bits, kPanelKeys<T>);
}

// The first `count` of a vector's numbers; the others are 0.
template <class T>
I32 load_16bit(const T* p, int count) {
  if (count == 2 * kLanes) return load(reinterpret_cast<const std::int32_t*>(p));
  std::int32_t copy[kLanes] = {};
  __builtin_memcpy(copy, p, static_cast<std::size_t>(count) * sizeof(T));
  return load(copy);
}

// The same where there are fewer of either; the others count as 0.
template <class T>
void load_partial_16bit_tile(StoredRows<T> keys, int first, int n, int d, int count, T* panel) {
  I32 rows[kLanes];
  for (int i = 0; i < kLanes; ++i) rows[i] = i < n ? load_16bit(keys.at(first + i, d), count) : broadcast(0);
  transpose_16bit(rows, &panel->bits, kPanelKeys<T>);
}

// The panel of keys [begin, begin + n), n ≤ kPanelKeys<T>, and of those after them that fill a vector. Its
// rows come in whole tiles.
template <class T>
void load_16bit_panel(StoredRows<T> keys, int begin, int n, T* panel) {
  constexpr int kNumbers = 2 * kLanes;
  for (int c = 0; c < n; c += kLanes) {
    const int n_keys = n - c < kLanes ? n - c : kLanes;
    for (int d = 0; d < keys.n; d += kNumbers) {
      const int count = keys.n - d < kNumbers ? keys.n - d : kNumbers;
      T* const tile = panel + d * kPanelKeys<T> + c;
      if (n_keys == kLanes && count == kNumbers) {
        load_16bit_tile(keys, begin + c, d, tile);
      } else {
        load_partial_16bit_tile(keys, begin + c, n_keys, d, count, tile);
      }
    }
  }
}

}  // namespace msrnn::cpu::MSRNN_ISA
