// The safetensors reader on any bytes: it either refuses them with an Error, or gives views that cover the
// data.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "msrnn/error.h"

#include "formats/safetensors.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_tensor(const msrnn::StoredTensor& tensor, std::span<const std::byte> file) {
  std::int64_t numbers = 1;
  for (const std::int64_t dimension : tensor.shape) numbers *= dimension;
  require(!tensor.name.empty() && numbers > 0);
  require(numbers == tensor.view.rows * tensor.view.cols);
  require(tensor.view.data >= file.data());
  require(tensor.view.bytes() <= file.data() + file.size() - tensor.view.data);
  float first = 0, last = 0;
  const int bytes = msrnn::traits(tensor.view.dtype).block_bytes;
  msrnn::dequantise(tensor.view.dtype, tensor.view.data, 1, &first);
  msrnn::dequantise(tensor.view.dtype, tensor.view.data + tensor.view.bytes() - bytes, 1, &last);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  try {
    const std::byte* next = nullptr;
    for (const msrnn::StoredTensor& tensor : msrnn::parse_safetensors(file, "fuzz")) {
      check_tensor(tensor, file);
      require(next == nullptr || tensor.view.data == next);
      next = tensor.view.data + tensor.view.bytes();
    }
    require(next == nullptr || next == file.data() + file.size());
  } catch (const msrnn::Error&) {
  }
  return 0;
}
