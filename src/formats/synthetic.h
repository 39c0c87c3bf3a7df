// Models of random weights: the shape of a real one, for measuring without it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_pool.h"
#include "formats/gguf_writer.h"
#include "formats/hf_config.h"

namespace msrnn {

// Names of the shapes there are.
std::vector<std::string> synthetic_shapes();

// config.json of a named shape; empty if there is none of that name.
std::string_view synthetic_config(std::string_view shape);

// Writes a model of this configuration, any that read_hf_config gives. Matrices are normal with a variance of
// one over the length of a row, norms near one; each number follows from the seed, its tensor and its place,
// whatever the threads. The vocabulary is SentencePiece's kind: all bytes, then short words of Latin letters.
// Returns false if it was stopped: then nothing is left.
bool write_synthetic_model(const HfConfig& config, DType type, std::uint64_t seed,
                           const std::filesystem::path& target, ThreadPool& threads,
                           const WriteOptions& options);

}  // namespace msrnn
