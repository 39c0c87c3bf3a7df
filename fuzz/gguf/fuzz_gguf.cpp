// The GGUF reader on any bytes: it either refuses them with an Error, or gives views that lie inside them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "msrnn/error.h"

#include "formats/gguf.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_tensor(const msrnn::StoredTensor& tensor, std::span<const std::byte> file) {
  std::int64_t numbers = 1;
  for (const std::int64_t dimension : tensor.shape) numbers *= dimension;
  require(numbers == tensor.view.rows * tensor.view.cols);
  require(tensor.view.bytes() > 0);
  require(tensor.view.data >= file.data());
  require(tensor.view.bytes() <= file.data() + file.size() - tensor.view.data);

  const int block = msrnn::traits(tensor.view.dtype).block_size;
  const std::byte* last_block =
      tensor.view.data + tensor.view.bytes() - msrnn::traits(tensor.view.dtype).block_bytes;
  float numbers_of_block[32];
  msrnn::dequantise(tensor.view.dtype, tensor.view.data, block, numbers_of_block);
  msrnn::dequantise(tensor.view.dtype, last_block, block, numbers_of_block);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  try {
    const msrnn::GgufContents contents = msrnn::parse_gguf(file, "fuzz");
    for (const msrnn::StoredTensor& tensor : contents.tensors) check_tensor(tensor, file);
  } catch (const msrnn::Error&) {
  }
  return 0;
}
