// 16 numbers, one for each row of a group of weights: as many vectors as that takes.
#pragma once

#include <utility>

#include "backend/cpu/isa/packed.h"
#include "backend/cpu/layout.h"

namespace msrnn::cpu::MSRNN_ISA {

inline constexpr int kParts = kGroupRows / kLanes;

template <int i>
struct Constant {
  static constexpr int value = i;
};

// body(0), …, body(n − 1). Unlike a loop it is sure to be unrolled, and arrays that are indexed with the
// numbers are kept in registers.
template <int n, class Body>
MSRNN_INLINED inline void unrolled(Body body) {
  [&]<int... i>(std::integer_sequence<int, i...>) MSRNN_INLINED { (body(i), ...); }
  (std::make_integer_sequence<int, n>{});
}
// body(Constant<0>), …, body(Constant<n − 1>): a body of its own for each.
template <int n, class Body>
MSRNN_INLINED inline void unrolled_constants(Body body) {
  [&]<int... i>(std::integer_sequence<int, i...>) MSRNN_INLINED { (body(Constant<i>{}), ...); }
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
MSRNN_INLINED inline Rows each_part(Body body) {
  Rows result;
  unrolled<kParts>([&](int i) MSRNN_INLINED { result.part[i] = body(i); });
  return result;
}
// The same of integers.
template <class Body>
MSRNN_INLINED inline IntRows each_int_part(Body body) {
  IntRows result;
  unrolled<kParts>([&](int i) MSRNN_INLINED { result.part[i] = body(i); });
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
MSRNN_INLINED inline IntRows at_hand(const IntRows& a) {
  return each_int_part([&](int i) { return at_hand(a.part[i]); });
}
// 4 bytes in every lane.
inline I32 broadcast_bits(const void* p) {
  std::int32_t lane;
  __builtin_memcpy(&lane, p, sizeof lane);
  return broadcast(lane);
}
// 64 bytes.
inline IntRows load_row_bits(const std::byte* p) {
  return each_int_part([&](int i) { return load(reinterpret_cast<const std::int32_t*>(p) + i * kLanes); });
}
inline void store_row_bits(std::byte* p, const IntRows& a) {
  for (int i = 0; i < kParts; ++i) store(reinterpret_cast<std::int32_t*>(p) + i * kLanes, a.part[i]);
}
inline IntRows broadcast_rows(std::int32_t x) {
  return each_int_part([&](int) { return broadcast(x); });
}

}  // namespace msrnn::cpu::MSRNN_ISA
