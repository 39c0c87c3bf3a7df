// vec.h for any processor: 4 lanes in the compiler's own vectors, which are SSE2 on x86-64.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/half.h"

namespace msrnn::cpu::MSRNN_ISA {

inline constexpr int kLanes = 4;

using Floats = float __attribute__((vector_size(4 * kLanes)));
using Ints = std::int32_t __attribute__((vector_size(4 * kLanes)));

struct F32 {
  static constexpr int lanes = kLanes;
  Floats v;
};
struct I32 {
  static constexpr int lanes = kLanes;
  Ints v;
};
struct Mask {
  Ints m;  // −1 or 0
};

inline I32 broadcast(std::int32_t x) { return {Ints{x, x, x, x}}; }
inline I32 iota() { return {Ints{0, 1, 2, 3}}; }
inline I32 operator+(I32 a, I32 b) { return {a.v + b.v}; }
inline I32 operator-(I32 a, I32 b) { return {a.v - b.v}; }
inline Mask less(I32 a, I32 b) { return {a.v < b.v}; }
inline Mask equal(I32 a, I32 b) { return {a.v == b.v}; }
inline I32 select(Mask m, I32 a, I32 b) { return {(m.m & a.v) | (~m.m & b.v)}; }
inline I32 min(I32 a, I32 b) { return select(less(b, a), b, a); }
inline I32 max(I32 a, I32 b) { return select(less(a, b), b, a); }

inline Mask first_lanes(int n) { return less(iota(), broadcast(n)); }
inline std::uint32_t bits(Mask a) {
  const Ints weighted = a.m & Ints{1, 2, 4, 8};
  return static_cast<std::uint32_t>(weighted[0] | weighted[1] | weighted[2] | weighted[3]);
}
inline Mask operator&(Mask a, Mask b) { return {a.m & b.m}; }
inline Mask operator|(Mask a, Mask b) { return {a.m | b.m}; }

inline F32 broadcast(float x) { return {Floats{x, x, x, x}}; }
inline F32 operator+(F32 a, F32 b) { return {a.v + b.v}; }
inline F32 operator-(F32 a, F32 b) { return {a.v - b.v}; }
inline F32 operator*(F32 a, F32 b) { return {a.v * b.v}; }
inline F32 operator/(F32 a, F32 b) { return {a.v / b.v}; }
// Rounded twice: one rounding would be a function call a lane here.
inline F32 fma(F32 a, F32 b, F32 c) { return {a.v * b.v + c.v}; }
inline Mask less(F32 a, F32 b) { return {a.v < b.v}; }
inline Mask less_equal(F32 a, F32 b) { return {a.v <= b.v}; }
inline Mask equal(F32 a, F32 b) { return {a.v == b.v}; }
inline I32 bit_pattern(F32 a) { return {reinterpret_cast<Ints>(a.v)}; }
inline F32 from_bit_pattern(I32 a) { return {reinterpret_cast<Floats>(a.v)}; }
// Of 32 bits that hold two bfloat16, the one at the lower address, and the other.
inline F32 first_bfloat16(I32 pair) { return from_bit_pattern({pair.v << 16}); }
inline F32 second_bfloat16(I32 pair) { return from_bit_pattern({pair.v & -65536}); }
inline F32 select(Mask m, F32 a, F32 b) {
  return from_bit_pattern(select(m, bit_pattern(a), bit_pattern(b)));
}
inline F32 min(F32 a, F32 b) { return select(less(a, b), a, b); }
inline F32 max(F32 a, F32 b) { return select(less(b, a), a, b); }
inline F32 abs(F32 a) { return from_bit_pattern({bit_pattern(a).v & 0x7fffffff}); }
inline F32 sqrt(F32 a) {
  for (int i = 0; i < kLanes; ++i) a.v[i] = __builtin_sqrtf(a.v[i]);
  return a;
}
inline F32 to_float(I32 a) { return {__builtin_convertvector(a.v, Floats)}; }
// Adding 1.5 · 2^23 leaves the whole number, rounded to nearest even, in the low bits. |a| < 2^22.
inline I32 round_to_int(F32 a) {
  return bit_pattern(a + broadcast(12582912.0f)) - bit_pattern(broadcast(12582912.0f));
}
inline I32 truncate_to_int(F32 a) { return {__builtin_convertvector(a.v, Ints)}; }
template <int bits>
inline I32 shift_left(I32 a) {
  return {a.v << bits};
}
inline I32 low_half(I32 a) { return {a.v & 0xffff}; }
inline I32 high_half(I32 a) { return {a.v >> 16 & 0xffff}; }
inline F32 round(F32 a) { return to_float(round_to_int(a)); }
inline F32 shift_exponent(F32 x, F32 n) {
  return from_bit_pattern({bit_pattern(x).v + (round_to_int(n).v << 23)});
}

inline float as_float(float x) { return x; }
inline float as_float(Half x) { return to_float(x); }
inline float as_float(BFloat16 x) { return to_float(x); }
inline F32 broadcast(Half x) { return broadcast(as_float(x)); }
inline void assign(float& to, float x) { to = x; }
inline void assign(Half& to, float x) { to = to_half(x); }
inline void assign(BFloat16& to, float x) { to = to_bfloat16(x); }

template <class T>
F32 load_partial(const T* p, int n) {
  F32 a = broadcast(0.0f);
  for (int i = 0; i < n; ++i) a.v[i] = as_float(p[i]);
  return a;
}
inline I32 load_partial(const std::int32_t* p, int n) {
  I32 a = broadcast(0);
  for (int i = 0; i < n; ++i) a.v[i] = p[i];
  return a;
}
template <class T>
F32 load(const T* p) {
  return load_partial(p, kLanes);
}
inline F32 load(const float* p) {
  F32 a;
  __builtin_memcpy(&a.v, p, sizeof a.v);
  return a;
}
inline I32 load(const std::int32_t* p) {
  I32 a;
  __builtin_memcpy(&a.v, p, sizeof a.v);
  return a;
}
template <class T>
void store_partial(T* p, int n, F32 a) {
  for (int i = 0; i < n; ++i) assign(p[i], a.v[i]);
}
inline void store_partial(std::int32_t* p, int n, I32 a) {
  for (int i = 0; i < n; ++i) p[i] = a.v[i];
}
template <class T>
void store(T* p, F32 a) {
  store_partial(p, kLanes, a);
}
inline void store(float* p, F32 a) { __builtin_memcpy(p, &a.v, sizeof a.v); }
inline void store(std::int32_t* p, I32 a) { __builtin_memcpy(p, &a.v, sizeof a.v); }
inline I32 load_int8(const std::int8_t* p) {
  I32 a;
  for (int i = 0; i < kLanes; ++i) a.v[i] = p[i];
  return a;
}
inline void store_int8(std::int8_t* p, I32 a) {
  for (int i = 0; i < kLanes; ++i) p[i] = static_cast<std::int8_t>(a.v[i]);
}
inline void store_int16(std::int16_t* p, I32 a) {
  for (int i = 0; i < kLanes; ++i) p[i] = static_cast<std::int16_t>(a.v[i]);
}

inline std::int32_t reduce_add(I32 a) { return a.v[0] + a.v[1] + a.v[2] + a.v[3]; }
inline float reduce_add(F32 a) { return (a.v[0] + a.v[2]) + (a.v[1] + a.v[3]); }
inline float reduce_max(F32 a) {
  const F32 half = max(a, F32{Floats{a.v[2], a.v[3], a.v[2], a.v[3]}});
  return half.v[0] > half.v[1] ? half.v[0] : half.v[1];
}
inline float reduce_min(F32 a) {
  const F32 half = min(a, F32{Floats{a.v[2], a.v[3], a.v[2], a.v[3]}});
  return half.v[0] < half.v[1] ? half.v[0] : half.v[1];
}

}  // namespace msrnn::cpu::MSRNN_ISA
