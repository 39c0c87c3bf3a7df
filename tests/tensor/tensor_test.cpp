#include "tensor/tensor.h"

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace msrnn {
namespace {

TEST(TensorView, CountsRowsInWholeBlocks) {
  const std::vector<std::byte> data(3 * 40);
  const TensorView view{.dtype = DType::q4_1, .rows = 3, .cols = 64, .data = data.data()};
  EXPECT_EQ(view.row_bytes(), 40);
  EXPECT_EQ(view.bytes(), 120);
  EXPECT_EQ(view.row(2) - data.data(), 80);
}

TEST(Tensor, SlicesRows) {
  std::vector<float> data(12);
  const Tensor tensor{data.data(), 4, 3};
  const Tensor slice = tensor.slice(1, 2);
  EXPECT_EQ(slice.rows, 2);
  EXPECT_EQ(slice.cols, 3);
  EXPECT_EQ(slice.row(1), tensor.row(2));
}

TEST(Buffer, IsAlignedAndGrowsOnlyWhenItMust) {
  for (const std::size_t size : {1u, 63u, 64u, 65u, 4096u}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(Buffer(size).data()) % kAlignment, 0u);
  }
  Buffer buffer;
  EXPECT_EQ(buffer.data(), nullptr);
  EXPECT_EQ(buffer.size(), 0u);
  buffer.require(100);
  const std::byte* data = buffer.data();
  buffer.require(50);
  EXPECT_EQ(buffer.data(), data);
  EXPECT_EQ(buffer.size(), 100u);
  buffer.require(101);
  EXPECT_EQ(buffer.size(), 101u);
  const Buffer moved = std::move(buffer);
  EXPECT_EQ(moved.size(), 101u);
}

}  // namespace
}  // namespace msrnn
