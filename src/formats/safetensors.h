// safetensors: the length of a header, the header as JSON, then the tensors' data without a hole. A
// checkpoint is one file, or several and an index that says which tensor lies where. Format:
// https://github.com/huggingface/safetensors#format
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "formats/weight_file.h"

namespace msrnn {

// Reads a whole file's bytes; the tensors are views into them, in the order of the data. Throws Error unless
// everything is valid: the header is JSON without duplicate names, types are F32, F16 or BF16, shapes fit the
// data they name, and the data is covered completely, without holes and without overlaps.
std::vector<StoredTensor> parse_safetensors(std::span<const std::byte> bytes, std::string_view source);

// The files of a checkpoint, mapped, and their tensors. Names are unique.
struct SafetensorsFiles {
  std::vector<MappedFile> files;
  std::vector<StoredTensor> tensors;
};

// What lists the files of a checkpoint that is more than one.
inline constexpr const char* kShardIndex = "model.safetensors.index.json";

// The files that an index names, in the order of their names: files beside it, never paths. Throws Error
// where it is not an index.
std::vector<std::string> shards_of_index(const std::filesystem::path& index);

// model.safetensors, or else the files that model.safetensors.index.json names, which must lie in the folder
// and hold what the index says they hold. Throws Error where there is neither.
SafetensorsFiles open_safetensors_files(const std::filesystem::path& folder);

}  // namespace msrnn
