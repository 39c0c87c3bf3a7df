// A tokenizer as GGUF files describe it.
#pragma once

#include <string>

#include "formats/weight_file.h"
#include "tokenizer/vocabulary.h"

namespace msrnn {

// Sets the keys tokenizer.ggml.* in place of those that hold the files of a Hugging Face folder. Returns why
// there is no such description and changes nothing, where GGUF has none: another pre-tokenizer than those
// that it has names for, or a unigram model.
std::string describe_tokenizer(const Vocabulary& vocabulary, Metadata& metadata);

}  // namespace msrnn
