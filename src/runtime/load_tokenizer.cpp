#include "runtime/load_tokenizer.h"

#include <algorithm>
#include <limits>

#include "base/fail.h"
#include "tokenizer/sentencepiece_model.h"
#include "tokenizer/tokenizer_json.h"

namespace msrnn {
namespace {

constexpr std::int64_t kMostTokens = 1 << 20;  // four times what the largest model has
constexpr std::size_t kMostPadding = 1024;

Token checked_token(std::string_view key, std::int64_t id) {
  if (id < 0 || id > std::numeric_limits<Token>::max()) fail("{}: expected a token id, found {}", key, id);
  return static_cast<Token>(id);
}

std::optional<Token> token_or_none(const Metadata& metadata, std::string_view key) {
  if (!metadata.has(key)) return std::nullopt;
  return checked_token(key, metadata.integer(key));
}

std::optional<bool> flag_or_none(const Metadata& metadata, std::string_view key) {
  return metadata.has(key) ? std::optional(metadata.boolean(key)) : std::nullopt;
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

// The pieces and how they are used, as a GGUF file gives them.
Vocabulary ggml_vocabulary(const Metadata& metadata) {
  if (!metadata.has("tokenizer.ggml.model")) {
    fail(
        "the model comes without a tokenizer: expected tokenizer.json or tokenizer.model beside config.json, "
        "or the key "
        "tokenizer.ggml.model in a GGUF file");
  }
  Vocabulary v;
  v.model = metadata.text("tokenizer.ggml.model");
  v.pre = metadata.text_or("tokenizer.ggml.pre", "");
  if (metadata.has("tokenizer.ggml.precompiled_charsmap")) {
    fail("tokenizer.ggml.precompiled_charsmap: a table of character replacements is not supported");
  }
  v.pieces = metadata.texts("tokenizer.ggml.tokens");
  v.types = types_from(metadata, "tokenizer.ggml.token_type");
  if (metadata.has("tokenizer.ggml.scores")) {
    const auto& scores = metadata.numbers("tokenizer.ggml.scores");
    v.scores.assign(scores.begin(), scores.end());
  }
  if (metadata.has("tokenizer.ggml.merges")) v.merges = metadata.texts("tokenizer.ggml.merges");
  v.remove_extra_whitespaces = metadata.boolean_or("tokenizer.ggml.remove_extra_whitespaces", false);
  return v;
}

// The rows of a checkpoint's embedding; 0 where it does not say.
std::size_t n_model_tokens(const Metadata& metadata) {
  const std::string key = metadata.text_or("general.architecture", "") + ".vocab_size";
  if (!metadata.has(key)) return 0;
  const std::int64_t size = metadata.integer(key);
  if (size < 0 || size > kMostTokens)
    fail("{}: expected at most {} tokens, found {}", key, kMostTokens, size);
  return static_cast<std::size_t>(size);
}

// Tokens that a checkpoint's settings add to the vocabulary of its tokenizer.model. They list some of its own
// too, which keep their types.
void add_tokens(const Metadata& metadata, Vocabulary& v) {
  const std::string prefix = "msrnn.tokenizer.added_token";
  if (!metadata.has(prefix + "s")) return;
  const auto& texts = metadata.texts(prefix + "s");
  const auto& ids = metadata.integers(prefix + "_ids");
  const std::vector<TokenType> types = types_from(metadata, prefix + "_types");
  const auto& strips = metadata.integers(prefix + "_strips");
  if (ids.size() != texts.size() || types.size() != texts.size() || strips.size() != texts.size()) {
    fail("{}s: expected an id, a type and a strip for each of {}", prefix, texts.size());
  }
  // One after another they take places beyond the vocabulary, or beyond the model's rows.
  const std::size_t n_rows = std::max(v.pieces.size(), n_model_tokens(metadata)), end = n_rows + texts.size();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Token token = checked_token(prefix + "_ids", ids[i]);
    if (static_cast<std::size_t>(token) >= end) {
      fail("{}_ids: {} tokens are added to {}: expected ids below {}, found {}", prefix, texts.size(), n_rows,
           end, token);
    }
    pad_vocabulary(v, static_cast<std::size_t>(token) + 1);
    const auto place = static_cast<std::size_t>(token);
    v.matching.push_back(
        {.token = token, .strip_left = (strips[i] & 1) != 0, .strip_right = (strips[i] & 2) != 0});
    if (v.pieces[place] == texts[i] && v.types[place] != TokenType::normal) continue;
    v.pieces[place] = texts[i];
    v.types[place] = types[i];
  }
}

Vocabulary sentencepiece_vocabulary(const Metadata& metadata) {
  Vocabulary v = read_sentencepiece_model(metadata.text("msrnn.tokenizer.model"));
  add_tokens(metadata, v);
  return v;
}

// The same of a Hugging Face checkpoint, whose model may have more rows than there are tokens.
Vocabulary hf_vocabulary(const Metadata& metadata) {
  Vocabulary v = metadata.has("tokenizer.huggingface.json")
                     ? read_tokenizer_json(metadata.text("tokenizer.huggingface.json"))
                     : sentencepiece_vocabulary(metadata);
  // Rows are rounded up to what is quick to multiply; far more of them belong to another tokenizer.
  const std::size_t n_rows = n_model_tokens(metadata), n = v.pieces.size();
  if (n_rows > n + std::max<std::size_t>(kMostPadding, n / 8)) {
    fail(
        "the tokenizer does not fit the model: expected about {} tokens, as the embedding has rows, found {}",
        n_rows, n);
  }
  if (n_rows > 0) pad_vocabulary(v, n_rows);
  return v;
}

bool is_hf(const Metadata& metadata) {
  return !metadata.has("tokenizer.ggml.model") &&
         (metadata.has("tokenizer.huggingface.json") || metadata.has("msrnn.tokenizer.model"));
}

// GGUF files do not say that Phi-3's special tokens take the white space after them along, but for three.
void match_as_phi3(Vocabulary& v) {
  for (std::size_t token = 0; token < v.pieces.size(); ++token) {
    const std::string_view piece = v.pieces[token];
    const TokenType type = v.type(static_cast<Token>(token));
    const bool is_named = type == TokenType::control || type == TokenType::user_defined;
    if (!is_named || piece == "<unk>" || piece == "<s>" || piece == "<|endoftext|>") continue;
    v.matching.push_back({.token = static_cast<Token>(token), .strip_right = true});
  }
}

}  // namespace

Vocabulary vocabulary_from(const Metadata& metadata) {
  const bool hf = is_hf(metadata);
  Vocabulary v = hf ? hf_vocabulary(metadata) : ggml_vocabulary(metadata);
  const auto set = [&](auto& value, std::string_view key, const auto& read) {
    if (const auto found = read(metadata, key)) value = found;
  };
  set(v.bos, "tokenizer.ggml.bos_token_id", token_or_none);
  set(v.eos, "tokenizer.ggml.eos_token_id", token_or_none);
  set(v.eot, "tokenizer.ggml.eot_token_id", token_or_none);
  set(v.unknown, "tokenizer.ggml.unknown_token_id", token_or_none);
  set(v.add_bos, "tokenizer.ggml.add_bos_token", flag_or_none);
  set(v.add_eos, "tokenizer.ggml.add_eos_token", flag_or_none);
  set(v.add_space_prefix, "tokenizer.ggml.add_space_prefix", flag_or_none);
  if (metadata.has("msrnn.tokenizer.eos_token_ids")) {
    for (const std::int64_t id : metadata.integers("msrnn.tokenizer.eos_token_ids")) {
      v.ends.push_back(checked_token("msrnn.tokenizer.eos_token_ids", id));
    }
  }
  v.chat_template = metadata.text_or("tokenizer.chat_template", "");
  check_vocabulary(v);
  const bool is_phi3 = !hf && v.model == "llama" && metadata.text_or("general.architecture", "") == "phi3";
  if (is_phi3) match_as_phi3(v);
  return v;
}

Tokenizer load_tokenizer(const std::filesystem::path& path) {
  const std::unique_ptr<WeightFile> file = open_weight_file(path);
  try {
    return make_tokenizer(vocabulary_from(file->metadata()));
  } catch (const Error& error) {
    fail("{}: {}", path.string(), error.what());
  }
}

}  // namespace msrnn
