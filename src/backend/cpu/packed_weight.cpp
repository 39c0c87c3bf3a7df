#include "backend/cpu/packed_weight.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>

#include "base/fail.h"

namespace msrnn::cpu {
namespace {

constexpr int kQuad = 4;  // columns of one integer dot product

// One row of one block. The numbers' bytes are in the order of the packed quads already: int8 as they are,
// and pairs of nibbles, since both layouts have number c low and number c + 16 high.
void pack_block(DType type, const std::byte* stored, int r, std::byte* block) {
  const int scales = n_scales(type), quads = number_bytes(type) / kGroupRows / kQuad;
  for (int i = 0; i < scales; ++i) {
    std::memcpy(block + number_bytes(type) + (i * kGroupRows + r) * 2, stored + i * 2, 2);
  }
  for (int j = 0; j < quads; ++j) {
    std::memcpy(block + (j * kGroupRows + r) * kQuad, stored + scales * 2 + j * kQuad, kQuad);
  }
}

void pack_quantised(const TensorView& stored, std::int64_t first_row, int n_rows, std::byte* group) {
  const DType type = stored.dtype;
  for (int r = 0; r < n_rows; ++r) {
    const std::byte* row = stored.row(first_row + r);
    for (std::int64_t b = 0; b < n_blocks(stored.cols); ++b) {
      pack_block(type, row + b * traits(type).block_bytes, r, group + b * block_bytes(type));
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

// Asks for huge pages where the memory spans some: streaming through many small ones waits for translations.
// Without them the result is the same, so a refusal does not matter.
void prefer_huge_pages(const Buffer& memory) {
  constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20;
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::uintptr_t begin = (address + kHugePage - 1) / kHugePage * kHugePage;
  const std::uintptr_t end = (address + memory.size()) / kHugePage * kHugePage;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace

PackedWeight::PackedWeight(const TensorView& stored, ThreadPool& pool)
    : Weight(stored.dtype, stored.rows, stored.cols), stored_(stored) {
  if (stored.dtype > DType::q4_1) fail("the cpu device has no product for {}", traits(stored.dtype).name);
  if (is_quantised(stored.dtype) && stored.cols % kBlockCols != 0) {
    fail("a {} matrix of {} columns: expected a multiple of {}", traits(stored.dtype).name, stored.cols,
         kBlockCols);
  }
  const std::int64_t bytes = group_bytes(stored.dtype, stored.cols);
  packed_ = Buffer(static_cast<std::size_t>(n_groups() * bytes));
  prefer_huge_pages(packed_);
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
