// A vector of floats of the instruction set this file is compiled for, and what kernels do with it.
//
// Kernels are written once over these types; CMake compiles every .cpp of this folder once per instruction
// set, with MSRNN_ISA set to its name (avx2, …), and all of it lives in namespace msrnn::cpu::MSRNN_ISA. A
// function outside that namespace that is inline, or a template, could be merged by the linker with its copy
// in code for older processors: kernels therefore use no standard library functions and no inline functions
// of other headers.
//
// Each vec_*.h defines, for its registers:
// - F32, I32, Mask: kLanes numbers or truth values; Mask belongs to both;
// - load, store: from and to float, Half, BFloat16 (converted, to nearest even), int32; need no alignment;
// - load_partial, store_partial: the first n ≤ kLanes numbers; the others read as 0 and are not touched;
// - load_int8, store_int8, store_int16: I32 as int8 or int16; values must fit;
// - broadcast, of float, int32 or Half, and iota;
// - + − * /, fma(a, b, c) = a·b + c (rounded once where the hardware can), min, max, abs;
// - less, less_equal, equal, first_lanes(n), & | and select(mask, if_true, if_false);
// - bits(mask): bit i is lane i;
// - to_float, round_to_int (to nearest even), truncate_to_int, round (to nearest even, as float);
// - low_half, high_half: of integers, as integers without sign; shift_left<bits>: of integers;
// - shift_exponent: x · 2^n for whole n, where the result is a normal number;
// - reduce_add, reduce_max, reduce_min: of all lanes, halves added to halves: a fixed order; reduce_add of
//   integers too.
#pragma once

#if !defined(MSRNN_ISA)
#error "this folder is compiled once per instruction set, with MSRNN_ISA set"
#endif

// Code that keeps its sums in registers only if all of it becomes one function. Sanitizers would take many
// minutes to compile that, and need no speed.
#if defined(MSRNN_SANITIZED)
#define MSRNN_INLINED
#else
#define MSRNN_INLINED __attribute__((always_inline))
#endif

#if defined(__AVX512F__)
#include "backend/cpu/isa/vec_avx512.h"
#elif defined(__AVX2__)
#include "backend/cpu/isa/vec_avx2.h"
#else
#include "backend/cpu/isa/vec_scalar.h"
#endif

namespace msrnn::cpu::MSRNN_ISA {

inline F32 zero() { return broadcast(0.0f); }

// e^x to 2 units in the last place; exactly 1 at 0, exactly 0 below −87.33, e^88.37 above that.
// x = n·ln 2 + r with |r| ≤ ln 2 / 2; e^r by its Taylor polynomial, whose coefficients were fitted for the
// smallest relative error.
inline F32 exp(F32 x) {
  const F32 clamped = min(broadcast(88.37f), x);
  const F32 n = round(clamped * broadcast(1.44269504f));
  // ln 2 in two parts: n times the first is exact.
  F32 r = fma(n, broadcast(-0.693359375f), clamped);
  r = fma(n, broadcast(2.12194440e-4f), r);
  F32 p = broadcast(1.9875691500e-4f);
  p = fma(p, r, broadcast(1.3981999507e-3f));
  p = fma(p, r, broadcast(8.3334519073e-3f));
  p = fma(p, r, broadcast(4.1665795894e-2f));
  p = fma(p, r, broadcast(1.6666665459e-1f));
  p = fma(p, r, broadcast(5.0000001201e-1f));
  p = fma(p, r * r, r) + broadcast(1.0f);
  const Mask underflows = less(x, broadcast(-87.33f));
  return select(underflows, zero(), shift_exponent(p, select(underflows, zero(), n)));
}

}  // namespace msrnn::cpu::MSRNN_ISA
