// tokenizer.json, the file of Hugging Face's tokenizers library: a vocabulary and the pipeline that uses it.
#pragma once

#include <string_view>

#include "tokenizer/vocabulary.h"

namespace msrnn {

// Model "bpe"; `pre` is the name that GGUF files have for the pipeline, if there is one. Throws Error where
// the text is damaged, and for every step, or option of a step, that msrnn would not do exactly as the
// library does, by its name.
Vocabulary read_tokenizer_json(std::string_view text);

}  // namespace msrnn
