// Scales and minima of quantised weights, as products take them.
#pragma once

#include <cstddef>

#include "backend/cpu/isa/rows.h"
#include "tensor/quantised_block.h"

namespace msrnn::cpu::MSRNN_ISA {

// Scales and minima of one block, each for the whole (parts = 1) or for its halves.
template <int parts>
struct Scales {
  Rows scale[parts], minimum[parts];
};

inline Rows load_int8_rows(const std::int8_t* p) {
  return each_part([&](int i) { return to_float(load_int8(p + i * kLanes)); });
}

// Of block i of those packed together.
template <DType type, int parts>
inline Scales<parts> load_scales(const std::byte* packed, int i) {
  constexpr int kFineBytes = fine_scale_bytes(type);
  constexpr bool kMinima = quantisation(type).minima;
  const std::byte* fine = packed + n_together(type) * number_bytes(type);
  const auto* whole = reinterpret_cast<const Half*>(fine + (kMinima ? 2 : 1) * kFineBytes);
  const Rows scale = load_rows(whole), minimum = kMinima ? load_rows(whole + kGroupRows) : zero_rows();
  if constexpr (kFineBytes == 0) return {{scale}, {minimum}};
  Scales<parts> scales;
  const auto* integers = reinterpret_cast<const std::int8_t*>(fine) + i * parts * kGroupRows;
  unrolled<parts>([&](auto p) {
    const std::int8_t* of_part = integers + p.value * kGroupRows;
    scales.scale[p.value] = scale * load_int8_rows(of_part);
    if constexpr (kMinima) scales.minimum[p.value] = minimum * load_int8_rows(of_part + kFineBytes);
  });
  return scales;
}

}  // namespace msrnn::cpu::MSRNN_ISA
