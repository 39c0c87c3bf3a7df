// Integer dot products of 16 rows of a block of weights with the 32 activations of one token.
//
// Each dot_*.h defines
//   Quads         64 bytes: [16 rows][4 columns]
//   Nibbles       a block of numbers 0 … 15, made of 4 × 64 bytes by unpack_nibbles
//   Bytes         a block of numbers −128 … 127, made of 8 × 64 bytes by unpack_bytes
//   dot(block, x, start)   start + Σ_c block[r][c] · x[c]; exact for |x| ≤ 127
//   kBytesZero    what dot takes the numbers of Bytes to be larger by: start must undo it
#pragma once

#include "backend/cpu/isa/rows.h"

#if defined(__AVX512VNNI__)
#include "backend/cpu/isa/dot_vnni.h"
#elif defined(__AVX512BW__)
#include "backend/cpu/isa/dot_avx512.h"
#elif defined(__AVX2__)
#include "backend/cpu/isa/dot_avx2.h"
#else
#include "backend/cpu/isa/dot_scalar.h"
#endif
