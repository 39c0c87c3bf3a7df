#include "runtime/load_tokenizer.h"

#include <limits>

#include "base/fail.h"

namespace msrnn {
namespace {

std::optional<Token> token_or_none(const Metadata& metadata, std::string_view key) {
  if (!metadata.has(key)) return std::nullopt;
  const std::int64_t id = metadata.integer(key);
  if (id < 0 || id > std::numeric_limits<Token>::max()) fail("{}: expected a token id, found {}", key, id);
  return static_cast<Token>(id);
}

std::vector<TokenType> types_from(const Metadata& metadata, std::string_view key) {
  std::vector<TokenType> types;
  if (!metadata.has(key)) return types;
  const auto& numbers = metadata.integers(key);
  types.reserve(numbers.size());
  for (const std::int64_t number : numbers) {
    const auto first = static_cast<int>(TokenType::normal), last = static_cast<int>(TokenType::byte);
    if (number < first || number > last) {
      fail("{}: expected a type from {} to {} for token {}, found {}", key, first, last, types.size(),
           number);
    }
    types.push_back(static_cast<TokenType>(number));
  }
  return types;
}

}  // namespace

Vocabulary vocabulary_from(const Metadata& metadata) {
  Vocabulary v;
  v.model = metadata.text("tokenizer.ggml.model");
  v.pre = metadata.text_or("tokenizer.ggml.pre", "");
  v.pieces = metadata.texts("tokenizer.ggml.tokens");
  v.types = types_from(metadata, "tokenizer.ggml.token_type");
  if (metadata.has("tokenizer.ggml.scores")) {
    const auto& scores = metadata.numbers("tokenizer.ggml.scores");
    v.scores.assign(scores.begin(), scores.end());
  }
  if (metadata.has("tokenizer.ggml.merges")) v.merges = metadata.texts("tokenizer.ggml.merges");
  v.bos = token_or_none(metadata, "tokenizer.ggml.bos_token_id");
  v.eos = token_or_none(metadata, "tokenizer.ggml.eos_token_id");
  v.eot = token_or_none(metadata, "tokenizer.ggml.eot_token_id");
  v.unknown = token_or_none(metadata, "tokenizer.ggml.unknown_token_id");
  v.add_bos = metadata.boolean_or("tokenizer.ggml.add_bos_token", false);
  v.add_eos = metadata.boolean_or("tokenizer.ggml.add_eos_token", false);
  v.add_space_prefix = metadata.boolean_or("tokenizer.ggml.add_space_prefix", false);
  v.chat_template = metadata.text_or("tokenizer.chat_template", "");
  return v;
}

}  // namespace msrnn
