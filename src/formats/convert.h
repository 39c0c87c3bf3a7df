// A model's weights as a GGUF file, in another number type.
#pragma once

#include <filesystem>
#include <vector>

#include "base/thread_pool.h"
#include "formats/gguf_writer.h"
#include "formats/weight_file.h"

namespace msrnn {

// Sets the number type of each tensor of a model whose matrices are to be `type`. Vectors are f32. The output
// matrix, or the embedding where it serves as that, decides most: it gets 6 bits at least. Where rows are not
// whole blocks of a type of 256 numbers, its nearest relative of 32 takes its place, and where they are not
// of that either, f16.
void choose_types(std::vector<GgufTensorPlan>& tensors, DType type);

// What GGUF files say about their weights (general.file_type, general.quantization_version) added, and what
// was only about how the model came in left out: the parts it was in, the order of its rows.
Metadata weight_metadata(const Metadata& metadata, DType type);

// Writes the model's tensors with matrices of `type`, and this metadata. Rows of queries and keys are
// permuted where the model's own metadata says that halves turn together and the architecture, llama, wants
// neighbours. Returns false if it was stopped: then nothing is left. Throws Error where a number is not
// finite or too large for its type, or writing fails.
bool convert_to_gguf(const WeightFile& model, const Metadata& metadata, DType type,
                     const std::filesystem::path& target, ThreadPool& threads, const WriteOptions& options);

}  // namespace msrnn
