#include "backend/cpu/packed_weight.h"

#include <algorithm>
#include <cstring>

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

auto packer(DType type) {
  switch (type) {
    case DType::f32:
    case DType::f16:
    case DType::bf16:
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

PackedWeight::PackedWeight(const TensorView& stored, ThreadPool& pool)
    : Weight(stored.dtype, stored.rows, stored.cols), stored_(stored) {
  const auto [name, block_size, block_bytes] = traits(stored.dtype);
  if (stored.cols % block_size != 0) {
    fail("a {} matrix of {} columns: expected a multiple of {}", name, stored.cols, block_size);
  }
  if (stored.dtype == DType::bf16) compact_ = pack_compact(stored, pool);
  if (!compact_) pack_groups(pool);
  if (stored.rows == 1) {
    vector_ = Buffer(static_cast<std::size_t>(stored.cols) * sizeof(float));
    dequantise(stored.dtype, stored.data, stored.cols, vector_.as<float>());
  }
}

void PackedWeight::pack_groups(ThreadPool& pool) {
  const std::int64_t bytes = group_bytes(dtype(), cols());
  packed_ = Buffer(static_cast<std::size_t>(n_groups() * bytes));
  prefer_huge_pages(packed_);
  const auto pack = packer(dtype());
  pool.for_each(n_groups(), [&](std::int64_t g, int) {
    std::byte* group = packed_.data() + g * bytes;
    const std::int64_t first_row = g * kGroupRows;
    const int n_rows = static_cast<int>(std::min<std::int64_t>(kGroupRows, rows() - first_row));
    std::memset(group, 0, static_cast<std::size_t>(bytes));
    pack(stored_, first_row, n_rows, group);
  });
}

}  // namespace msrnn::cpu
