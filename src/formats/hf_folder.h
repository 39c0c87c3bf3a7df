// A Hugging Face checkpoint: a folder with config.json, safetensors, and the tokenizer's files. What it holds
// is given as a GGUF file of the same model would: metadata keys, tensor names, vectors as f32, Gemma's norms
// with their one added. Matrices stay as they are in the mapped files; the rows of queries and keys are not
// permuted, which the metadata says (hf_config.h).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "formats/weight_file.h"

namespace msrnn {

// The checkpoint's folder, if `path` is a folder, or a file of a checkpoint: config.json, or safetensors (or
// their index) with a config.json beside them.
std::optional<std::filesystem::path> hf_folder(const std::filesystem::path& path);

std::unique_ptr<WeightFile> open_hf_folder(const std::filesystem::path& folder);

}  // namespace msrnn
