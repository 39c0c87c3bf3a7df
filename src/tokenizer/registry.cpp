// The tokenizers there are.
#include <limits>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/bpe.h"
#include "tokenizer/impl.h"
#include "tokenizer/sentencepiece.h"
#include "tokenizer/vocabulary.h"

namespace msrnn {
namespace {

std::unique_ptr<const TextEncoder> make_gpt2(const Vocabulary& vocabulary, const PieceIndex& index) {
  const NamedPipeline named = named_pipeline(vocabulary.pre.empty() ? "default" : vocabulary.pre);
  return make_bpe(vocabulary, index, named.pipeline,
                  {.missing = BpeOptions::Missing::separates,
                   .adds_bos = named.adds_bos,
                   .kind = fmt::format("bpe ({})", vocabulary.pre)});
}

std::unique_ptr<const TextEncoder> make_pipeline_bpe(const Vocabulary& vocabulary, const PieceIndex& index) {
  const std::string_view name = name_of(vocabulary.pipeline);
  return make_bpe(vocabulary, index, vocabulary.pipeline,
                  {.missing = BpeOptions::Missing::vanishes,
                   .adds_bos = false,
                   .kind = fmt::format("bpe ({})", name.empty() ? "tokenizer.json" : name)});
}

template <std::unique_ptr<const TextEncoder> (*make)(const Vocabulary&)>
std::unique_ptr<const TextEncoder> without_index(const Vocabulary& vocabulary, const PieceIndex&) {
  return make(vocabulary);
}

struct ModelKind {
  std::string_view name;
  std::unique_ptr<const TextEncoder> (*make)(const Vocabulary&, const PieceIndex&);
};

constexpr ModelKind kModels[] = {{"gpt2", make_gpt2},
                                 {"llama", without_index<make_llama>},
                                 {"t5", without_index<make_t5>},
                                 {"bpe", make_pipeline_bpe},
                                 {"sentencepiece-bpe", without_index<make_sentencepiece_bpe>},
                                 {"sentencepiece-unigram", without_index<make_sentencepiece_unigram>}};

std::unique_ptr<const TextEncoder> make_encoder(const Vocabulary& vocabulary, const PieceIndex& index) {
  std::string known;
  for (const ModelKind& kind : kModels) {
    if (kind.name == vocabulary.model) return kind.make(vocabulary, index);
    known += fmt::format("{}{}", known.empty() ? "" : ", ", kind.name);
  }
  fail("tokenizer model \"{}\" is not supported; there are: {}", vocabulary.model, known);
}

// Checks the pieces as it goes. Its keys are views of them.
PieceIndex index_pieces(const Vocabulary& vocabulary) {
  PieceIndex index;
  index.reserve(vocabulary.pieces.size());
  for (std::size_t token = 0; token < vocabulary.pieces.size(); ++token) {
    const std::string& piece = vocabulary.pieces[token];
    if (valid_utf8_prefix(piece) != piece.size()) fail("vocabulary: token {} is not valid UTF-8", token);
    const auto [place, is_new] = index.emplace(piece, static_cast<Token>(token));
    if (!is_new) fail("vocabulary: tokens {} and {} are both \"{}\"", place->second, token, piece);
  }
  return index;
}

}  // namespace

void pad_vocabulary(Vocabulary& vocabulary, std::size_t size) {
  if (vocabulary.types.empty()) vocabulary.types.assign(vocabulary.pieces.size(), TokenType::normal);
  while (vocabulary.pieces.size() < size) {
    vocabulary.pieces.push_back(fmt::format("[PAD{}]", vocabulary.pieces.size()));
    vocabulary.types.push_back(TokenType::unused);
    if (!vocabulary.scores.empty()) vocabulary.scores.push_back(0);
  }
}

void check_vocabulary(const Vocabulary& vocabulary) {
  const std::size_t n = vocabulary.pieces.size();
  if (n == 0) fail("vocabulary: expected tokens, found none");
  if (n > std::numeric_limits<Token>::max()) fail("vocabulary: {} tokens are too many", n);
  if (vocabulary.merges.size() >= std::numeric_limits<std::uint32_t>::max()) {
    fail("vocabulary: {} merges are too many", vocabulary.merges.size());
  }
  const auto check_list = [&](std::string_view name, std::size_t size) {
    if (size != 0 && size != n) fail("vocabulary: expected {} {}, one a token, found {}", n, name, size);
  };
  check_list("token types", vocabulary.types.size());
  check_list("scores", vocabulary.scores.size());
  const auto check_id = [&](std::string_view name, std::optional<Token> id) {
    if (id && (*id < 0 || static_cast<std::size_t>(*id) >= n)) {
      fail("vocabulary: expected the {} token to be an id from 0 to {}, found {}", name, n - 1, *id);
    }
  };
  check_id("bos", vocabulary.bos);
  check_id("eos", vocabulary.eos);
  check_id("eot", vocabulary.eot);
  check_id("unknown", vocabulary.unknown);
  for (const Token token : vocabulary.ends) check_id("end", token);
  for (const TokenMatching& matching : vocabulary.matching) check_id("added", matching.token);
}

Tokenizer make_tokenizer(const Vocabulary& vocabulary) {
  check_vocabulary(vocabulary);
  const PieceIndex index = index_pieces(vocabulary);
  auto encoder = make_encoder(vocabulary, index);
  return Tokenizer(std::make_shared<const Tokenizer::Impl>(vocabulary, std::move(encoder)));
}

}  // namespace msrnn
