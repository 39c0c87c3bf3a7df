// SentencePiece, through its library.
#pragma once

#include <memory>

#include "tokenizer/impl.h"
#include "tokenizer/vocabulary.h"

namespace msrnn {

// "llama" of GGUF files: BPE; tokens that the text names are found before, as llama.cpp does.
std::unique_ptr<const TextEncoder> make_llama(const Vocabulary& vocabulary);
// "t5" of GGUF files: unigram.
std::unique_ptr<const TextEncoder> make_t5(const Vocabulary& vocabulary);
// Of tokenizer.model files. The library finds user-defined tokens itself.
std::unique_ptr<const TextEncoder> make_sentencepiece_bpe(const Vocabulary& vocabulary);
std::unique_ptr<const TextEncoder> make_sentencepiece_unigram(const Vocabulary& vocabulary);

}  // namespace msrnn
