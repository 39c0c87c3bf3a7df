// The pipelines that GGUF files name (tokenizer.ggml.pre).
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/pipeline.h"

namespace msrnn {

struct NamedPipeline {
  Pipeline pipeline;
  bool adds_bos = false;  // where a file does not say
};

// Throws Error for an unknown name, naming those there are.
NamedPipeline named_pipeline(std::string_view pre);

// The name that GGUF files have for these splits and merges, whatever the normalizer; empty if there is none.
std::string_view name_of(const Pipeline& pipeline);

// What the pre-tokenizer ByteLevel of tokenizer.json splits by.
Split gpt2_words();

}  // namespace msrnn
