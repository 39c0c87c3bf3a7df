// The tokenizers there are.
#include <array>
#include <limits>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/bpe.h"
#include "tokenizer/impl.h"
#include "tokenizer/pretokenizer.h"
#include "tokenizer/vocabulary.h"

namespace msrnn {
namespace {

// The expression of openai/gpt-2, encoder.py. \p{White_Space} is Unicode's definition; PCRE2's \s adds
// U+180E. Possessive repeats change no match and keep long words off the matcher's stack.
constexpr std::string_view kGpt2Words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}++| ?\p{N}++| ?[^\p{White_Space}\p{L}\p{N}]++)"
    R"(|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}++)";
constexpr std::string_view kOneDigit = R"(\p{N})";

struct PreTokenizerKind {
  std::string_view name;
  std::array<std::string_view, 2> expressions;  // applied in order; empty: none
};

constexpr PreTokenizerKind kPreTokenizers[] = {
    {"gpt-2", {kGpt2Words, ""}},
    {"smollm", {kOneDigit, kGpt2Words}},
};

std::unique_ptr<const TextEncoder> make_gpt2(const Vocabulary& vocabulary, const PieceIndex& index) {
  return make_bpe(vocabulary, index, make_pre_tokenizer(vocabulary.pre),
                  fmt::format("bpe ({})", vocabulary.pre));
}

struct ModelKind {
  std::string_view name;
  std::unique_ptr<const TextEncoder> (*make)(const Vocabulary&, const PieceIndex&);
};

constexpr ModelKind kModels[] = {{"gpt2", make_gpt2}};

std::unique_ptr<const TextEncoder> make_encoder(const Vocabulary& vocabulary, const PieceIndex& index) {
  std::string known;
  for (const ModelKind& kind : kModels) {
    if (kind.name == vocabulary.model) return kind.make(vocabulary, index);
    known += fmt::format("{}{}", known.empty() ? "" : ", ", kind.name);
  }
  fail("tokenizer model \"{}\" is not supported; there are: {}", vocabulary.model, known);
}

void check_sizes(const Vocabulary& vocabulary) {
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

PreTokenizer make_pre_tokenizer(std::string_view name) {
  std::string known;
  for (const PreTokenizerKind& kind : kPreTokenizers) {
    if (kind.name == name) {
      std::vector<std::string> expressions;
      for (const std::string_view e : kind.expressions) {
        if (!e.empty()) expressions.emplace_back(e);
      }
      return PreTokenizer(expressions);
    }
    known += fmt::format("{}{}", known.empty() ? "" : ", ", kind.name);
  }
  fail("pre-tokenizer \"{}\" is not supported; there are: {}", name, known);
}

Tokenizer make_tokenizer(const Vocabulary& vocabulary) {
  check_sizes(vocabulary);
  const PieceIndex index = index_pieces(vocabulary);
  auto encoder = make_encoder(vocabulary, index);
  return Tokenizer(std::make_shared<const Tokenizer::Impl>(vocabulary, std::move(encoder)));
}

}  // namespace msrnn
