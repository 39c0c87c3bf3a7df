// Scales and minima of quantised weights, as products take them.
#pragma once

#include <cstddef>

#include "backend/cpu/isa/rows.h"
#include "tensor/quantised_block.h"

namespace msrnn::cpu::MSRNN_ISA {

// Scales and minima of one block, each for the whole (parts = 1) or for its halves; minima where the type has
// some.
template <int parts>
struct Scales {
  Rows scale[parts], minimum[parts];
};

MSRNN_INLINED inline Rows load_int8_rows(const std::int8_t* p) {
  return each_part([&](int i) { return to_float(load_int8(p + i * kLanes)); });
}

// Of block i of those packed together. Written in place: copies of whole Scales would go through memory.
template <DType type, int parts>
MSRNN_INLINED inline void load_scales(const std::byte* packed, int i, Scales<parts>& scales) {
  constexpr int kFineBytes = fine_scale_bytes(type);
  constexpr bool kMinima = quantisation(type).minima;
  const std::byte* fine = packed + n_together(type) * number_bytes(type);
  const auto* whole = reinterpret_cast<const Half*>(fine + (kMinima ? 2 : 1) * kFineBytes);
  const auto* integers = reinterpret_cast<const std::int8_t*>(fine) + i * parts * kGroupRows;
  const auto load = [&](const Half* of_group, const std::int8_t* of_part) MSRNN_INLINED {
    const Rows rows = load_rows(of_group);
    return kFineBytes == 0 ? rows : rows * load_int8_rows(of_part);
  };
  unrolled<parts>([&](int p) MSRNN_INLINED {
    const std::int8_t* of_part = integers + p * kGroupRows;
    scales.scale[p] = load(whole, of_part);
    if constexpr (kMinima) scales.minimum[p] = load(whole + kGroupRows, of_part + kFineBytes);
  });
}

}  // namespace msrnn::cpu::MSRNN_ISA
