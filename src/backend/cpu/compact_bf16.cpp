#include "backend/cpu/compact_bf16.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>

#include "backend/cpu/huge_pages.h"

namespace msrnn::cpu {
namespace {

constexpr int kTables = 4, kTableRows = kGroupRows / kTables, kTableSize = 16;
constexpr std::uint8_t kException = 16;  // in place of a code; its low bits are some code
constexpr std::int64_t kNumbersPerException = 512;

// A row's numbers of one block, as patterns, padded with zeros.
using RowBlock = std::array<std::uint16_t, kBlockCols>;

class GroupRowsView {
 public:
  GroupRowsView(const TensorView& stored, std::int64_t group)
      : stored_(stored), first_row_(group * kGroupRows) {}

  RowBlock read(int r, std::int64_t block) const {
    RowBlock numbers = {};
    const std::int64_t first = block * kBlockCols;
    const std::int64_t n = std::min<std::int64_t>(kBlockCols, stored_.cols - first);
    if (first_row_ + r < stored_.rows) {
      std::memcpy(numbers.data(), stored_.row(first_row_ + r) + 2 * first, static_cast<std::size_t>(2 * n));
    }
    return numbers;
  }
  std::int64_t n_blocks() const { return cpu::n_blocks(stored_.cols); }

 private:
  const TensorView& stored_;
  std::int64_t first_row_;
};

// The codes of high bytes for some rows of a group.
class HighBytes {
 public:
  HighBytes(const GroupRowsView& group, int first_row) {
    std::array<std::uint32_t, 256> counts = {};
    for (int r = first_row; r < first_row + kTableRows; ++r) {
      for (std::int64_t b = 0; b < group.n_blocks(); ++b) {
        for (const std::uint16_t x : group.read(r, b)) ++counts[x >> 8];
      }
    }
    std::array<std::uint8_t, 256> bytes;
    std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
    std::partial_sort(bytes.begin(), bytes.begin() + kTableSize, bytes.end(),
                      [&](auto a, auto b) { return counts[a] != counts[b] ? counts[a] > counts[b] : a < b; });
    std::copy_n(bytes.begin(), kTableSize, table_.begin());
    codes_.fill(kException);
    for (std::uint8_t code = 0; code < kTableSize; ++code) codes_[table_[code]] = code;
  }

  const std::array<std::uint8_t, kTableSize>& table() const { return table_; }
  std::uint8_t code(std::uint16_t number) const { return codes_[number >> 8]; }

 private:
  std::array<std::uint8_t, kTableSize> table_;
  std::array<std::uint8_t, 256> codes_;
};

// Packs row r of a block; returns how many of its numbers are exceptions.
int pack_row(const RowBlock& numbers, const HighBytes& high, int r, std::byte* block) {
  constexpr int kVector = kGroupRows * 4;
  int exceptions = 0;
  for (int quarter = 0; quarter < 4; ++quarter, block += 3 * kVector) {
    for (int c = 0; c < 4; ++c) {
      const int at = r / kTableRows * 16 + c / 2 * 8 + r % kTableRows * 2 + c % 2;
      const auto i = static_cast<std::size_t>(8 * quarter + c);
      const std::uint16_t first = numbers[i], second = numbers[i + 4];
      const int a = high.code(first), b = high.code(second);
      exceptions += (a >> 4) + (b >> 4);
      block[at] = static_cast<std::byte>((a & 15) | b << 4);
      block[at + kVector] = static_cast<std::byte>(first);
      block[at + 2 * kVector] = static_cast<std::byte>(second);
    }
  }
  return exceptions;
}

// How many exceptions each block of a group has goes to `counts`.
void pack_group(const GroupRowsView& rows, std::byte* group, std::uint16_t* counts) {
  std::fill_n(counts, rows.n_blocks(), std::uint16_t{0});
  for (int t = 0; t < kTables; ++t) {
    const HighBytes high(rows, t * kTableRows);
    std::memcpy(group + t * kTableSize, high.table().data(), kTableSize);
    for (std::int64_t b = 0; b < rows.n_blocks(); ++b) {
      std::byte* block = group + kCompactTableBytes + b * kCompactBlockBytes;
      for (int r = t * kTableRows; r < (t + 1) * kTableRows; ++r) {
        counts[b] = static_cast<std::uint16_t>(counts[b] + pack_row(rows.read(r, b), high, r, block));
      }
    }
  }
}

// Those of one block, found again; returns their end.
BFloat16Exception* list_exceptions(const GroupRowsView& rows, const std::byte* tables, std::int64_t block,
                                   BFloat16Exception* to) {
  for (int r = 0; r < kGroupRows; ++r) {
    const RowBlock numbers = rows.read(r, block);
    const std::byte* table = tables + r / kTableRows * kTableSize;
    for (int c = 0; c < kBlockCols; ++c) {
      const std::uint16_t bits = numbers[static_cast<std::size_t>(c)];
      if (std::find(table, table + kTableSize, static_cast<std::byte>(bits >> 8)) != table + kTableSize)
        continue;
      *to++ = {static_cast<std::uint32_t>(block),
               static_cast<std::uint16_t>((c / 2 * kGroupRows + r) * 2 + c % 2), bits};
    }
  }
  return to;
}

}  // namespace

std::optional<CompactBFloat16> pack_compact(const TensorView& stored, ThreadPool& pool) {
  const std::int64_t n_groups = cpu::n_groups(stored.rows), n_blocks = cpu::n_blocks(stored.cols);
  const std::int64_t bytes = compact_group_bytes(stored.cols);
  CompactBFloat16 packed = {Buffer(static_cast<std::size_t>(n_groups * bytes)), {}, {}};
  prefer_huge_pages(packed.groups);
  std::vector<std::uint16_t> counts(static_cast<std::size_t>(n_groups * n_blocks));
  pool.for_each(n_groups, [&](std::int64_t g, int) {
    pack_group({stored, g}, packed.groups.data() + g * bytes, counts.data() + g * n_blocks);
  });
  const std::int64_t n_exceptions = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  if (n_exceptions > stored.rows * stored.cols / kNumbersPerException) return std::nullopt;

  packed.exceptions.resize(static_cast<std::size_t>(n_exceptions + n_groups),
                           {BFloat16Exception::kNoBlock, 0, 0});
  packed.of_groups.resize(static_cast<std::size_t>(n_groups));
  const BFloat16Exception* next = packed.exceptions.data();
  for (std::int64_t g = 0; g < n_groups; ++g) {
    packed.of_groups[static_cast<std::size_t>(g)] = next;
    const auto of_group = counts.begin() + g * n_blocks;
    next += std::accumulate(of_group, of_group + n_blocks, std::int64_t{1});
  }
  pool.for_each(n_groups, [&](std::int64_t g, int) {
    auto* to = const_cast<BFloat16Exception*>(packed.of_groups[static_cast<std::size_t>(g)]);
    for (std::int64_t b = 0; b < n_blocks; ++b) {
      if (counts[static_cast<std::size_t>(g * n_blocks + b)] == 0) continue;
      to = list_exceptions({stored, g}, packed.groups.data() + g * bytes, b, to);
    }
  });
  return packed;
}

}  // namespace msrnn::cpu
