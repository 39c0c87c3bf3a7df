// BPE: a word is its bytes (GPT-2) or its characters, and the pair of neighbours that the vocabulary merges
// first becomes one symbol until no pair merges.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tokenizer/impl.h"
#include "tokenizer/pipelines.h"
#include "tokenizer/vocabulary.h"

namespace msrnn {

// Pieces by their spelling in the model file.
using PieceIndex = std::unordered_map<std::string_view, Token>;

struct BpeOptions {
  // The pipeline does not say how bytes or characters without a piece are treated where there is no unknown
  // token: they are left out, and what was around them merges or not.
  enum class Missing : bool { separates, vanishes } missing = Missing::separates;
  bool adds_bos = false;
  std::string kind;  // for people
};

// Throws Error where a merge names an unknown piece, and where the pipeline needs tokens that there are not.
std::unique_ptr<const TextEncoder> make_bpe(const Vocabulary& vocabulary, const PieceIndex& index,
                                            const Pipeline& pipeline, BpeOptions options);

}  // namespace msrnn
