// Keys or values as a state stores them, [rows][n] numbers of one type: how a row is read and written.
//
// A stored number is a code times a scale that the codes of a block share; in plain types it is the code
// itself. Products of the two are exact, so that it does not matter when they are formed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "backend/cpu/isa/vec.h"
#include "tensor/dtype.h"

namespace msrnn::cpu::MSRNN_ISA {

// A block of DType::q8_0: codes times a scale.
struct Q8Block {
  static constexpr int kNumbers = 32;

  Half scale;
  std::int8_t codes[kNumbers];
};
static_assert(sizeof(Q8Block) == traits(DType::q8_0).block_bytes && Q8Block::kNumbers % kLanes == 0);

struct NoScale {};
inline F32 operator*(F32 codes, NoScale) { return codes; }

// T is what the numbers are stored as.
template <class T>
struct StoredRows {
  static constexpr int kBlock = kLanes;  // numbers that have a scale together

  const std::byte* rows;
  int n;

  const T* at(int row, int number) const {
    return reinterpret_cast<const T*>(rows) + std::int64_t{row} * n + number;
  }
  StoredRows from(int row) const { return {reinterpret_cast<const std::byte*>(at(row, 0)), n}; }
  // Of kLanes numbers from one on, or of fewer.
  F32 codes(int row, int number) const { return load(at(row, number)); }
  F32 codes(int row, int number, int count) const { return load_partial(at(row, number), count); }
  // Of the block that begins with a number, in one row; in kLanes rows from one on.
  NoScale scale(int, int) const { return {}; }
  NoScale scales(int, int, int) const { return {}; }
};

template <>
struct StoredRows<Q8Block> {
  static constexpr int kBlock = Q8Block::kNumbers;

  const std::byte* rows;
  int n;  // a multiple of kBlock

  const Q8Block& block(int row, int number) const {
    return reinterpret_cast<const Q8Block*>(rows)[std::int64_t{row} * (n / kBlock) + number / kBlock];
  }
  StoredRows from(int row) const { return {reinterpret_cast<const std::byte*>(&block(row, 0)), n}; }
  const std::int8_t* at(int row, int number) const { return block(row, number).codes + number % kBlock; }
  F32 codes(int row, int number) const { return to_float(load_int8(at(row, number))); }
  F32 codes(int row, int number, int) const { return codes(row, number); }  // rows are whole vectors
  F32 scale(int row, int number) const { return broadcast(block(row, number).scale); }
  F32 scales(int row, int number, int n_rows) const {
    Half of_rows[kLanes] = {};
    for (int i = 0; i < n_rows; ++i) of_rows[i] = block(row + i, number).scale;
    return load(of_rows);
  }
};

// `Vectors` vectors of a row, from the first number of a block on, or so few that they lie in one block.
template <int Vectors, class T>
MSRNN_INLINED inline void load_run(StoredRows<T> stored, int row, int number, F32 (&run)[Vectors]) {
  constexpr int kVectorsOfBlock = StoredRows<T>::kBlock / kLanes;
  auto scale = stored.scale(row, number);
  for (int i = 0; i < Vectors; ++i) {
    if (i > 0 && i % kVectorsOfBlock == 0) scale = stored.scale(row, number + i * kLanes);
    run[i] = stored.codes(row, number + i * kLanes) * scale;
  }
}

template <class T>
void store_row(const float* values, int n, T* row) {
  int i = 0;
  for (; i + kLanes <= n; i += kLanes) store(row + i, load(values + i));
  if (i < n) store_partial(row + i, n - i, load_partial(values + i, n - i));
}

// The scale is that of the largest number at 127, rounded to f16, and a code the nearest under that scale. A
// block that has no finite scale reads as NaN.
inline void store_block(const float* values, Q8Block* block) {
  F32 largest = zero(), poison = zero();  // max drops a NaN; x − x keeps it
  for (int i = 0; i < Q8Block::kNumbers; i += kLanes) {
    const F32 x = load(values + i);
    largest = max(largest, abs(x));
    poison = poison + (x - x);
  }
  const float magnitude = reduce_max(largest) + reduce_add(poison);
  store_partial(&block->scale, 1, broadcast(magnitude / 127));
  const F32 scale = broadcast(block->scale);
  const Mask usable = less(zero(), scale) & less(scale, broadcast(__builtin_inff()));
  const F32 inverse = broadcast(1.0f) / scale;
  for (int i = 0; i < Q8Block::kNumbers; i += kLanes) {
    const F32 code = min(max(load(values + i) * inverse, broadcast(-127.0f)), broadcast(127.0f));
    store_int8(block->codes + i, round_to_int(select(usable, code, zero())));
  }
}

inline void store_row(const float* values, int n, Q8Block* row) {
  for (int i = 0; i < n; i += Q8Block::kNumbers) store_block(values + i, row++);
}

// Calls f with a null pointer to what numbers of the type are stored as.
template <class F>
void with_stored(DType type, F f) {
  if (type == DType::f16) return f(static_cast<Half*>(nullptr));
  if (type == DType::bf16) return f(static_cast<BFloat16*>(nullptr));
  if (type == DType::q8_0) return f(static_cast<Q8Block*>(nullptr));
  return f(static_cast<float*>(nullptr));
}

}  // namespace msrnn::cpu::MSRNN_ISA
