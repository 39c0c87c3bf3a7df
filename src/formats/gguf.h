// GGUF, versions 2 and 3, little endian: header, typed metadata, tensor table, then the tensors' data, each
// aligned. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "formats/weight_file.h"

namespace msrnn {

inline constexpr std::string_view kGgufMagic = "GGUF";

struct GgufContents {
  std::uint32_t version = 0;
  Metadata metadata;
  std::vector<StoredTensor> tensors;  // in the order of the file; views into the parsed bytes
};

// Reads a whole file's bytes. `source` names them in errors. Throws Error unless everything is valid: counts
// and lengths fit the bytes there are, keys and tensor names are unique, types are known, and every tensor
// lies aligned inside the file without touching another. Never allocates more than a small multiple of the
// bytes.
GgufContents parse_gguf(std::span<const std::byte> bytes, std::string_view source);

// The same, owning the file that the tensors lie in. If it is one shard of a split model (gguf_split.h),
// whichever one, all shards are opened together.
std::unique_ptr<WeightFile> open_gguf(MappedFile file, const std::string& source);

}  // namespace msrnn
