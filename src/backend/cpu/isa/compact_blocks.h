// bf16 weights in compact form (layout.h), block by block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/cpu/isa/rows.h"

namespace msrnn::cpu::MSRNN_ISA {

// A block of compact numbers.
struct CompactBlock {
  const std::byte* numbers;
  const std::byte* tables;
  const BFloat16Exception* exceptions;  // from this block on
  std::uint32_t index;

  bool has_exceptions() const { return exceptions->block == index; }
};

// Four columns of a block, as two pairs.
struct FourColumns {
  IntRows pair[2];
};

// From column c + first on, where c is a multiple of 8 and first 0 or 4.
template <int first>
MSRNN_INLINED inline FourColumns unpack(const CompactBlock& block, int c) {
  constexpr int kVector = kGroupRows * 4;
  const std::byte* eight = block.numbers + c / 8 * 3 * kVector;
  const IntRows codes = load_row_bits(eight), tables = load_row_bits(block.tables);
  const IntRows low = load_row_bits(eight + (first == 0 ? 1 : 2) * kVector);
  FourColumns columns;
  for (int p = 0; p < kParts; ++p) {
    const I32 code = first == 0 ? low_nibbles(codes.part[p]) : high_nibbles(codes.part[p]);
    const I32 high = look_up_bytes(tables.part[p], code);
    columns.pair[0].part[p] = interleave_low_bytes(low.part[p], high);
    columns.pair[1].part[p] = interleave_high_bytes(low.part[p], high);
  }
  return columns;
}

// Writes it as a plain one, and moves it past its exceptions.
[[gnu::noinline]] inline void write_plain(CompactBlock& block, std::byte* plain) {
  constexpr int kPair = kGroupRows * 4;
  std::byte* plain_pair = plain;
  for (int c = 0; c < kBlockCols; c += 8, plain_pair += 4 * kPair) {
    const FourColumns columns[] = {unpack<0>(block, c), unpack<4>(block, c)};
    for (int i = 0; i < 4; ++i) store_row_bits(plain_pair + i * kPair, columns[i / 2].pair[i % 2]);
  }
  for (; block.has_exceptions(); ++block.exceptions) {
    __builtin_memcpy(plain + 2 * block.exceptions->place, &block.exceptions->bits, 2);
  }
}

// Going through a group of them, as Stored goes through others (products.h).
struct CompactStored {
  using Block = CompactBlock;
  static constexpr int kBlockBytes = kCompactBlockBytes, kTogether = 1;

  static CompactBlock first_block(const WeightGroups& weights, int group) {
    const std::byte* tables = weights.first + group * weights.bytes;
    return {tables + kCompactTableBytes, tables, weights.exceptions[group], 0};
  }
  static const std::byte* address(const CompactBlock& block) { return block.numbers; }
  static CompactBlock next(const CompactBlock& block) {
    return {block.numbers + kBlockBytes, block.tables, block.exceptions, block.index + 1};
  }
};

}  // namespace msrnn::cpu::MSRNN_ISA
