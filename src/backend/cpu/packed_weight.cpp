#include "backend/cpu/packed_weight.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "backend/cpu/huge_pages.h"
#include "base/fail.h"
#include "base/half.h"
#include "tensor/quantised_block.h"

namespace msrnn::cpu {
namespace {

constexpr int kQuad = 4;  // columns of one integer dot product

// One row's share of a plane of `width` bits: bits `low` on of a block's codes.
template <int width>
void pack_plane(const std::uint8_t* codes, int low, int r, std::byte* plane) {
  constexpr int kFields = kQuad * width, kMask = (1 << width) - 1;
  std::uint8_t fields[kFields] = {};
  for (int s = 0; s < 8 / width; ++s) {
    for (int i = 0; i < kFields; ++i) {
      fields[i] |= static_cast<std::uint8_t>(((codes[s * kFields + i] >> low) & kMask) << (s * width));
    }
  }
  for (int v = 0; v < width; ++v)
    std::memcpy(plane + (v * kGroupRows + r) * kQuad, fields + v * kQuad, kQuad);
}

template <int bits>
void pack_codes(const std::uint8_t* codes, int r, std::byte* numbers) {
  constexpr int kLow = low_plane(bits);
  pack_plane<kLow>(codes, 0, r, numbers);
  if constexpr (bits > kLow) pack_plane<bits - kLow>(codes, kLow, r, numbers + kLow * kGroupRows * kQuad);
}

using PackCodes = void (*)(const std::uint8_t* codes, int r, std::byte* numbers);

PackCodes code_packer(int bits) {
  switch (bits) {
    case 2:
      return pack_codes<2>;
    case 3:
      return pack_codes<3>;
    case 4:
      return pack_codes<4>;
    case 5:
      return pack_codes<5>;
    default:
      return pack_codes<6>;
  }
}

void put_half(Half value, std::byte* scales, int r) { std::memcpy(scales + 2 * r, &value, sizeof value); }

// What multiplies the scales, or the minima, of one row.
template <class Integer>
void put_fine(const Integer* integers, int n, int r, std::byte* fine) {
  for (int p = 0; p < n; ++p) fine[p * kGroupRows + r] = static_cast<std::byte>(integers[p]);
}

// Row r of blocks that are packed together.
void pack_block(DType type, const QuantisedBlock& block, PackCodes pack, int r, std::byte* packed) {
  for (int b = 0; b < n_together(type); ++b) {
    pack(block.codes + b * kBlockCols, r, packed + b * number_bytes(type));
  }
  const bool minima = quantisation(type).minima;
  const int n_fine = fine_scale_bytes(type) / kGroupRows;
  std::byte* fine = packed + n_together(type) * number_bytes(type);
  put_fine(block.scales, n_fine, r, fine);
  if (minima) put_fine(block.minima, n_fine, r, fine + fine_scale_bytes(type));
  std::byte* scales = fine + (minima ? 2 : 1) * fine_scale_bytes(type);
  put_half(block.d, scales, r);
  const Half added = {static_cast<std::uint16_t>(block.m.bits ^ 0x8000u)};
  if (minima) put_half(added, scales + 2 * kGroupRows, r);
}

void pack_quantised(const TensorView& stored, std::int64_t first_row, int n_rows, std::byte* group) {
  const DType type = stored.dtype;
  const PackCodes pack = code_packer(quantisation(type).bits);
  QuantisedBlock block;
  for (int r = 0; r < n_rows; ++r) {
    const std::byte* row = stored.row(first_row + r);
    for (std::int64_t i = 0; i < stored.cols / traits(type).block_size; ++i) {
      take_apart(type, row + i * traits(type).block_bytes, block);
      pack_block(type, block, pack, r, group + i * packed_bytes(type));
    }
  }
}

// Types whose stored blocks are scales, minima and codes in the order of the packed ones need no taking
// apart. All their sizes are known when this is compiled: it moves whole models.
template <DType type>
void pack_in_order(const TensorView& stored, std::int64_t first_row, int n_rows, std::byte* group) {
  constexpr int kNumbers = number_bytes(type), kScales = quantisation(type).minima ? 2 : 1;
  constexpr int kStored = traits(type).block_bytes;
  const std::byte* first = stored.row(first_row);
  const std::int64_t row_bytes = stored.row_bytes();
  for (std::int64_t b = 0; b < n_blocks(stored.cols); ++b) {
    std::byte* to = group + b * packed_bytes(type);
    for (int r = 0; r < n_rows; ++r) {
      const std::byte* from = first + r * row_bytes + b * kStored;
      for (int i = 0; i < kScales; ++i)
        std::memcpy(to + kNumbers + (i * kGroupRows + r) * 2, from + 2 * i, 2);
      for (int j = 0; j < kNumbers / kGroupRows / kQuad; ++j) {
        std::memcpy(to + (j * kGroupRows + r) * kQuad, from + 2 * kScales + j * kQuad, kQuad);
      }
    }
  }
}

// Plain numbers: `columns` of them of each row lie together.
void pack_plain(const TensorView& stored, std::int64_t first_row, int n_rows, std::byte* group) {
  const int size = traits(stored.dtype).block_bytes;
  const int columns = stored.dtype == DType::bf16 ? 2 : 1;
  for (int r = 0; r < n_rows; ++r) {
    const std::byte* row = stored.row(first_row + r);
    for (std::int64_t c = 0; c < stored.cols; ++c) {
      const std::int64_t place = (c / columns * kGroupRows + r) * columns + c % columns;
      std::memcpy(group + place * size, row + c * size, static_cast<std::size_t>(size));
    }
  }
}

// 32 numbers of a row as integers, as layout.h says; returns what 1 stands for.
BFloat16 round_to_integers(const float* numbers, std::int16_t* integers) {
  constexpr int kLeastExponent = -126;  // of a normal number
  float largest = 0;
  for (int c = 0; c < kBlockCols; ++c) {
    if (!std::isfinite(numbers[c])) {
      std::fill_n(integers, kBlockCols, std::int16_t{0});
      return to_bfloat16(std::numeric_limits<float>::quiet_NaN());
    }
    largest = std::max(largest, std::abs(numbers[c]));
  }
  int exponent = 0;
  std::frexp(largest, &exponent);
  const int unit = std::max(exponent - (kIntegerBits - 1), kLeastExponent);
  for (int c = 0; c < kBlockCols; ++c) {
    integers[c] = static_cast<std::int16_t>(std::nearbyint(std::ldexp(numbers[c], -unit)));
  }
  return to_bfloat16(std::ldexp(1.0f, unit));
}

void pack_integers(const TensorView& stored, std::int64_t first_row, int n_rows, std::byte* group) {
  constexpr int kLowBits = kIntegerBits - 8, kHighBytes = kGroupRows * kBlockCols;
  constexpr int kScalesAt = kHighBytes + kHighBytes * kLowBits / 8;
  for (int r = 0; r < n_rows; ++r) {
    const auto* row = reinterpret_cast<const std::byte*>(stored.row(first_row + r));
    for (std::int64_t b = 0; b < n_blocks(stored.cols); ++b) {
      float numbers[kBlockCols] = {};
      const std::int64_t first = b * kBlockCols, n = std::min<std::int64_t>(kBlockCols, stored.cols - first);
      dequantise(DType::bf16, row + 2 * first, n, numbers);
      std::int16_t integers[kBlockCols];
      const BFloat16 unit = round_to_integers(numbers, integers);
      std::byte* const block = group + b * kIntegerBlockBytes;
      std::uint8_t low[kBlockCols];
      for (int c = 0; c < kBlockCols; ++c) {
        low[c] = static_cast<std::uint8_t>(integers[c] & ((1 << kLowBits) - 1));
        block[(c / kQuad * kGroupRows + r) * kQuad + c % kQuad] =
            static_cast<std::byte>(integers[c] >> kLowBits);
      }
      pack_plane<kLowBits>(low, 0, r, block + kHighBytes);
      std::memcpy(block + kScalesAt + 2 * r, &unit, sizeof unit);
    }
  }
}

auto packer(DType type, BFloat16Layout bf16_layout) {
  switch (type) {
    case DType::bf16:
      return bf16_layout == BFloat16Layout::integers ? pack_integers : pack_plain;
    case DType::f32:
    case DType::f16:
      return pack_plain;
    case DType::q8_0:
      return pack_in_order<DType::q8_0>;
    case DType::q4_0:
      return pack_in_order<DType::q4_0>;
    case DType::q4_1:
      return pack_in_order<DType::q4_1>;
    case DType::iq4_nl:
      return pack_in_order<DType::iq4_nl>;
    default:
      return pack_quantised;
  }
}

}  // namespace

PackedWeight::PackedWeight(const TensorView& stored, ThreadPool& pool, BFloat16Layout bf16_layout)
    : Weight(stored.dtype, stored.rows, stored.cols), stored_(stored) {
  const auto [name, block_size, block_bytes] = traits(stored.dtype);
  if (stored.cols % block_size != 0) {
    fail("a {} matrix of {} columns: expected a multiple of {}", name, stored.cols, block_size);
  }
  if (stored.dtype == DType::bf16 && bf16_layout == BFloat16Layout::floats) {
    compact_ = pack_compact(stored, pool);
  }
  if (!compact_) pack_groups(pool, bf16_layout);
  if (stored.rows == 1) {
    vector_ = Buffer(static_cast<std::size_t>(stored.cols) * sizeof(float));
    dequantise(stored.dtype, stored.data, stored.cols, vector_.as<float>());
  }
}

void PackedWeight::pack_groups(ThreadPool& pool, BFloat16Layout bf16_layout) {
  const bool integers = dtype() == DType::bf16 && bf16_layout == BFloat16Layout::integers;
  group_bytes_ = integers ? integer_group_bytes(cols()) : group_bytes(dtype(), cols());
  packed_ = Buffer(static_cast<std::size_t>(n_groups() * group_bytes_));
  prefer_huge_pages(packed_);
  const auto pack = packer(dtype(), bf16_layout);
  pool.for_each(n_groups(), [&](std::int64_t g, int) {
    std::byte* group = packed_.data() + g * group_bytes_;
    const std::int64_t first_row = g * kGroupRows;
    const int n_rows = static_cast<int>(std::min<std::int64_t>(kGroupRows, rows() - first_row));
    std::memset(group, 0, static_cast<std::size_t>(group_bytes_));
    pack(stored_, first_row, n_rows, group);
  });
}

}  // namespace msrnn::cpu
