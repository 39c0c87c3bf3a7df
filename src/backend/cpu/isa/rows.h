// 16 numbers, one for each row of a group of weights: as many vectors as that takes.
#pragma once

#include <utility>

#include "backend/cpu/isa/vec.h"
#include "backend/cpu/layout.h"

namespace msrnn::cpu::MSRNN_ISA {

inline constexpr int kParts = kGroupRows / kLanes;

template <int i>
struct Constant {
  static constexpr int value = i;
};

// body(Constant<0>), …, body(Constant<n − 1>). Unlike a loop it is sure to be unrolled, and arrays that are
// indexed with the constants are kept in registers.
template <int n, class Body>
[[gnu::always_inline]] inline void unrolled(Body body) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (body(Constant<i>{}), ...);
  }
  (std::make_integer_sequence<int, n>{});
}

struct Rows {
  F32 part[kParts];
};
struct IntRows {
  I32 part[kParts];
};

// A Rows of body(part) for each part.
template <class Body>
inline Rows each_part(Body body) {
  Rows result;
  for (int i = 0; i < kParts; ++i) result.part[i] = body(i);
  return result;
}

template <class T>
inline Rows load_rows(const T* p) {
  return each_part([&](int i) { return load(p + i * kLanes); });
}
inline void store_rows(float* p, const Rows& a) {
  for (int i = 0; i < kParts; ++i) store(p + i * kLanes, a.part[i]);
}
inline Rows zero_rows() {
  return each_part([](int) { return zero(); });
}
inline Rows operator*(const Rows& a, const Rows& b) {
  return each_part([&](int i) { return a.part[i] * b.part[i]; });
}
// a · x + c
inline Rows fma(const Rows& a, F32 x, const Rows& c) {
  return each_part([&](int i) { return fma(a.part[i], x, c.part[i]); });
}
inline IntRows broadcast_rows(std::int32_t x) {
  IntRows result;
  for (int i = 0; i < kParts; ++i) result.part[i] = broadcast(x);
  return result;
}

}  // namespace msrnn::cpu::MSRNN_ISA
