// The tile registers of AMX: eight, each of up to 16 rows of up to 64 bytes.
//
// The instructions are written out because compilers' own functions for them do not say which memory they
// read.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/cpu/isa/vec.h"

namespace msrnn::cpu::MSRNN_ISA {

inline constexpr int kTileRegisters = 8, kTileRowBytes = 64;

struct TileShape {
  std::uint8_t rows;
  std::uint16_t row_bytes;
};

// The registers have these shapes while it lives, and are empty afterwards, so that switching to another
// thread does not have to save them.
class TileRegisters {
 public:
  explicit TileRegisters(const TileShape (&shapes)[kTileRegisters]) {
    Configuration configuration = {};
    configuration.palette = 1;
    for (int i = 0; i < kTileRegisters; ++i) {
      configuration.row_bytes[i] = shapes[i].row_bytes;
      configuration.rows[i] = shapes[i].rows;
    }
    asm volatile("ldtilecfg %0" ::"m"(configuration));
  }
  ~TileRegisters() { asm volatile("tilerelease"); }
  TileRegisters(const TileRegisters&) = delete;
  TileRegisters& operator=(const TileRegisters&) = delete;

 private:
  struct alignas(64) Configuration {
    std::uint8_t palette, start_row, reserved[14];
    std::uint16_t row_bytes[16];
    std::uint8_t rows[16];
  };
};

template <int tile>
MSRNN_INLINED inline void clear_tile() {
  asm volatile("tilezero %%tmm%c0" ::"i"(tile));
}

// `stride` bytes from one row in memory to the next.
template <int tile>
MSRNN_INLINED inline void load_tile(const void* rows, std::int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(rows), "r"(stride), "i"(tile) : "memory");
}

template <int tile>
MSRNN_INLINED inline void store_tile(void* rows, std::int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(rows), "r"(stride), "i"(tile) : "memory");
}

// sums[m][n] += Σ_k a[m][k] · b[k / 4][n][k % 4], of int8.
template <int sums, int a, int b>
MSRNN_INLINED inline void add_int8_products() {
  asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(sums), "i"(a), "i"(b));
}

// The same, b without sign.
template <int sums, int a, int b>
MSRNN_INLINED inline void add_unsigned_int8_products() {
  asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(sums), "i"(a), "i"(b));
}

// sums[m][n] += Σ_k a[m][k] · b[k / 2][n][k % 2], of bf16.
template <int sums, int a, int b>
MSRNN_INLINED inline void add_bf16_products() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(sums), "i"(a), "i"(b));
}

}  // namespace msrnn::cpu::MSRNN_ISA
