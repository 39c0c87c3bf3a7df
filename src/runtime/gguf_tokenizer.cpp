#include "runtime/gguf_tokenizer.h"

#include <algorithm>
#include <unordered_map>

#include "base/fail.h"

namespace msrnn {
namespace {

// SentencePiece merges the pair whose piece has the highest score; a tokenizer.json has an order of merges
// instead. The earlier the merge, the higher the score; pieces that no merge makes come last.
std::vector<double> scores_of_merges(const Vocabulary& v) {
  std::unordered_map<std::string, double> score;
  for (const std::string& merge : v.merges) {
    std::string piece = merge;
    std::erase(piece, ' ');
    score.emplace(std::move(piece), -static_cast<double>(score.size()));
  }
  std::vector<double> scores;
  for (const std::string& piece : v.pieces) {
    const auto found = score.find(piece);
    scores.push_back(found == score.end() ? -static_cast<double>(score.size()) : found->second);
  }
  return scores;
}

bool prepends_space(const Pipeline& pipeline) {
  const auto prepends = [](const Rewrite& rewrite) { return std::holds_alternative<Prepend>(rewrite); };
  return std::ranges::any_of(pipeline.normalizer, prepends) ||
         std::ranges::any_of(pipeline.metaspace, prepends);
}

void set_byte_level(const Vocabulary& v, Metadata& metadata) {
  metadata.set("tokenizer.ggml.model", "gpt2");
  metadata.set("tokenizer.ggml.pre", v.pre);
  metadata.set("tokenizer.ggml.merges", v.merges);
}

void set_sentencepiece(const Vocabulary& v, Metadata& metadata) {
  const bool unigram = v.model == "sentencepiece-unigram";
  metadata.set("tokenizer.ggml.model", unigram ? "t5" : "llama");
  if (unigram && !v.add_bos)
    metadata.set("tokenizer.ggml.add_bos_token", true);  // as tokenizer.model is read
  metadata.set("tokenizer.ggml.pre", "default");
  const bool has_scores = !v.scores.empty();
  metadata.set("tokenizer.ggml.scores",
               has_scores ? std::vector<double>(v.scores.begin(), v.scores.end()) : scores_of_merges(v));
  metadata.set("tokenizer.ggml.add_space_prefix", v.add_space_prefix.value_or(prepends_space(v.pipeline)));
  if (v.remove_extra_whitespaces) metadata.set("tokenizer.ggml.remove_extra_whitespaces", true);
}

void set_tokens(const Vocabulary& v, Metadata& metadata) {
  std::vector<std::int64_t> types;
  for (std::size_t token = 0; token < v.pieces.size(); ++token) {
    types.push_back(static_cast<std::int64_t>(v.type(static_cast<Token>(token))));
  }
  // Where it is also an added token, a tokenizer.json has it among the special ones.
  if (v.unknown && metadata.text("tokenizer.ggml.model") != "gpt2") {
    types[static_cast<std::size_t>(*v.unknown)] = static_cast<std::int64_t>(TokenType::unknown);
  }
  metadata.set("tokenizer.ggml.tokens", v.pieces);
  metadata.set("tokenizer.ggml.token_type", std::move(types));
  const std::pair<const char*, std::optional<Token>> kIds[] = {
      {"bos", v.bos}, {"eos", v.eos}, {"eot", v.eot}, {"unknown", v.unknown}};
  for (const auto& [name, id] : kIds) {
    if (id) metadata.set(fmt::format("tokenizer.ggml.{}_token_id", name), std::int64_t{*id});
  }
  if (v.add_bos) metadata.set("tokenizer.ggml.add_bos_token", *v.add_bos);
  if (v.add_eos) metadata.set("tokenizer.ggml.add_eos_token", *v.add_eos);
}

}  // namespace

std::string describe_tokenizer(const Vocabulary& v, Metadata& metadata) {
  const bool byte_level = v.model == "bpe" && v.pipeline.spelling == Spelling::byte_alphabet;
  if (byte_level && v.pre.empty()) return "GGUF has no name for how tokenizer.json splits a text into words";
  if (v.model != "bpe" && v.model != "sentencepiece-bpe" && v.model != "sentencepiece-unigram") {
    return fmt::format("GGUF files have no tokenizer like {}", v.model);
  }
  Metadata described;
  for (const auto& [key, value] : metadata.values()) {
    if (key != "tokenizer.huggingface.json" && key != "msrnn.tokenizer.model") described.set(key, value);
  }
  if (byte_level) {
    set_byte_level(v, described);
  } else {
    set_sentencepiece(v, described);
  }
  set_tokens(v, described);
  metadata = std::move(described);
  return "";
}

}  // namespace msrnn
