// What kernels do with the bits of an I32, or with the bytes and 16-bit words packed in it.
//
// Each packed_*.h defines
// - & | ^;
// - low_nibbles, high_nibbles: of each byte;
// - load_16_bytes: the same 16 bytes again and again;
// - look_up_bytes(table, i): byte i[…] < 16 of the table's same 16 bytes;
// - interleave_low_bytes, interleave_high_bytes(a, b): of the low, or high, 8 of each 16 bytes, a's first;
// - shift_words_left<bits>, shift_words_right<bits>, shift_signed_words_right<bits>;
// - dot_words(a, b): the products of words with sign, two of them added up in each lane;
// where there are products of bytes, but not VNNI's sums of them, also
// - dot_bytes(a, b): the products of bytes, those of a without sign, two of them added up in each word, which
//   they must fit;
// - add_words.
#pragma once

#include "backend/cpu/isa/vec.h"

#if defined(__AVX512F__)
#include "backend/cpu/isa/packed_avx512.h"
#elif defined(__AVX2__)
#include "backend/cpu/isa/packed_avx2.h"
#else
#include "backend/cpu/isa/packed_scalar.h"
#endif

namespace msrnn::cpu::MSRNN_ISA {

// a, in a register from here on: where the compiler would compute and spill more than registers hold.
inline I32 at_hand(I32 a) {
#if defined(__AVX2__)
  asm volatile("" : "+v"(a.v));
#endif
  return a;
}
// The same of an address.
template <class T>
inline T* at_hand(T* p) {
  asm volatile("" : "+r"(p));
  return p;
}

}  // namespace msrnn::cpu::MSRNN_ISA
