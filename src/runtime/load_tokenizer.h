// The tokenizer of a model file.
#pragma once

#include <filesystem>

#include "formats/weight_file.h"
#include "tokenizer/vocabulary.h"

namespace msrnn {

// The keys tokenizer.* of GGUF files, or, where these have no vocabulary, the tokenizer.json or
// tokenizer.model of a Hugging Face checkpoint (formats/hf_tokenizer.h). Throws Error where a key is missing,
// of another type, or outside its range, and where one of these files is damaged or asks for what msrnn does
// not do.
Vocabulary vocabulary_from(const Metadata& metadata);

// That of a model file or folder. Errors name the path.
Tokenizer load_tokenizer(const std::filesystem::path& path);

}  // namespace msrnn
