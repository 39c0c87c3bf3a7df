#include "backend/cpu/packed_weight.h"

#include <algorithm>
#include <cstring>

#include "base/fail.h"

namespace msrnn::cpu {
namespace {

constexpr int kQuad = 4;  // columns of one integer dot product

// A stored block of a quantised type: scales (scale, and minimum where there is one), then the numbers.
struct StoredBlock {
  const std::byte* data;
  int scales;

  const std::byte* numbers() const { return data + scales * 2; }
};

// Blocks whose bytes, in order, are the quads of the packed block: int8 numbers as they are, and pairs of
// nibbles, since both layouts have number c low and number c + 16 high.
void pack_quantised(const TensorView& stored, std::int64_t first_row, int n_rows, std::byte* group) {
  const DType type = stored.dtype;
  const int n_scales = type == DType::q4_1 ? 2 : 1;
  const int n_quads = block_bytes(type) / kGroupRows / kQuad;
  const std::int64_t blocks = n_blocks(stored.cols);
  std::byte* scales = group + blocks * block_bytes(type);
  for (int r = 0; r < n_rows; ++r) {
    const std::byte* row = stored.row(first_row + r);
    for (std::int64_t b = 0; b < blocks; ++b) {
      const StoredBlock block{row + b * traits(type).block_bytes, n_scales};
      for (int i = 0; i < n_scales; ++i) {
        std::memcpy(scales + b * scale_bytes(type) + (i * kGroupRows + r) * 2, block.data + i * 2, 2);
      }
      std::byte* numbers = group + b * block_bytes(type) + r * kQuad;
      for (int j = 0; j < n_quads; ++j) {
        std::memcpy(numbers + j * kGroupRows * kQuad, block.numbers() + j * kQuad, kQuad);
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

}  // namespace

PackedWeight::PackedWeight(const TensorView& stored, ThreadPool& pool)
    : Weight(stored.dtype, stored.rows, stored.cols), stored_(stored) {
  if (is_quantised(stored.dtype) && stored.cols % kBlockCols != 0) {
    fail("a {} matrix of {} columns: expected a multiple of {}", traits(stored.dtype).name, stored.cols,
         kBlockCols);
  }
  const std::int64_t bytes = group_bytes(stored.dtype, stored.cols);
  packed_ = Buffer(static_cast<std::size_t>(n_groups() * bytes));
  pool.for_each(n_groups(), [&](std::int64_t g, int) {
    std::byte* group = packed_.data() + g * bytes;
    std::memset(group, 0, static_cast<std::size_t>(bytes));
    const std::int64_t first_row = g * kGroupRows;
    const int n_rows = static_cast<int>(std::min<std::int64_t>(kGroupRows, stored.rows - first_row));
    const auto pack = is_quantised(stored.dtype) ? pack_quantised : pack_plain;
    pack(stored_, first_row, n_rows, group);
  });
  if (stored.rows == 1) {
    vector_ = Buffer(static_cast<std::size_t>(stored.cols) * sizeof(float));
    dequantise(stored.dtype, stored.data, stored.cols, vector_.as<float>());
  }
}

}  // namespace msrnn::cpu
