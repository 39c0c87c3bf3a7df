// What holds for every tensor that the GGUF reader accepts.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <span>

#include "formats/weight_file.h"

namespace msrnn::fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

// Lies in the file's bytes, all of them can be read, and shape, rows and columns agree.
inline void check_tensor(const StoredTensor& tensor, std::span<const std::byte> file) {
  std::int64_t numbers = 1;
  for (const std::int64_t dimension : tensor.shape) numbers *= dimension;
  require(numbers == tensor.view.rows * tensor.view.cols);
  require(tensor.view.bytes() > 0);
  require(tensor.view.data >= file.data());
  require(tensor.view.bytes() <= file.data() + file.size() - tensor.view.data);

  const auto [name, block_size, block_bytes] = traits(tensor.view.dtype);
  const std::byte* last_block = tensor.view.data + tensor.view.bytes() - block_bytes;
  float numbers_of_block[256];
  require(block_size <= 256);
  dequantise(tensor.view.dtype, tensor.view.data, block_size, numbers_of_block);
  dequantise(tensor.view.dtype, last_block, block_size, numbers_of_block);
}

}  // namespace msrnn::fuzz
