// Byte-level BPE (GPT-2): the bytes of a word are its first symbols, and the pair of neighbours that the
// vocabulary merges first becomes one symbol until no pair merges.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tokenizer/impl.h"
#include "tokenizer/pretokenizer.h"
#include "tokenizer/vocabulary.h"

namespace msrnn {

// Pieces by their spelling in the model file.
using PieceIndex = std::unordered_map<std::string_view, Token>;

// Throws Error where a merge names an unknown piece. `kind` is for people.
std::unique_ptr<const TextEncoder> make_bpe(const Vocabulary& vocabulary, const PieceIndex& index,
                                            PreTokenizer pre_tokenizer, std::string kind);

}  // namespace msrnn
