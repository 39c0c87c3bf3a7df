// The GGUF reader on any bytes: it either refuses them with an Error, or gives views that lie inside them.
#include <cstddef>
#include <cstdint>
#include <span>

#include "msrnn/error.h"

#include "formats/gguf.h"
#include "fuzz/gguf/check_tensor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(data), size);
  try {
    const msrnn::GgufContents contents = msrnn::parse_gguf(file, "fuzz");
    for (const msrnn::StoredTensor& tensor : contents.tensors) msrnn::fuzz::check_tensor(tensor, file);
  } catch (const msrnn::Error&) {
  }
  return 0;
}
