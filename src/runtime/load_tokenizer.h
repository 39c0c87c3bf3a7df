// The tokenizer of a model file.
#pragma once

#include "formats/weight_file.h"
#include "tokenizer/vocabulary.h"

namespace msrnn {

// The keys tokenizer.* of GGUF files. Throws Error where a key is missing, of another type, or outside its
// range.
Vocabulary vocabulary_from(const Metadata& metadata);

}  // namespace msrnn
