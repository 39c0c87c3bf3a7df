#include "tokenizer/tokenizer_json.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/byte_alphabet.h"
#include "tokenizer/json_pipeline.h"
#include "tokenizer/json_reader.h"
#include "tokenizer/pipelines.h"
#include "tokenizer/sentencepiece_model.h"

namespace msrnn {
namespace {

constexpr std::size_t kMostGaps = 1 << 16;  // ids that no token has

nlohmann::json parse(std::string_view text) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& error) {
    fail("tokenizer.json: not valid JSON: {}", error.what());
  }
}

// Ids by text: the model's, then the added tokens'.
using Ids = std::unordered_map<std::string, Token>;

Token checked_id(std::int64_t id, std::string_view piece) {
  if (id < 0 || id > std::numeric_limits<Token>::max()) {
    fail("tokenizer.json: expected the id of \"{}\" to be a token id, found {}", piece, id);
  }
  return static_cast<Token>(id);
}

Ids read_vocabulary(const JsonNode& model) {
  Ids ids;
  const JsonNode vocabulary = model.object("vocab");
  for (const auto& [piece, id] : vocabulary.json().items()) {
    if (!id.is_number_integer()) fail("tokenizer.json: expected the id of \"{}\" to be an integer", piece);
    ids.emplace(piece, checked_id(id.get<std::int64_t>(), piece));
  }
  return ids;
}

// "left right", or ["left", "right"].
std::vector<std::string> read_merges(const JsonNode& model) {
  std::vector<std::string> merges;
  for (const nlohmann::json& merge : model.array("merges")) {
    if (merge.is_string()) {
      merges.push_back(merge.get<std::string>());
    } else {
      const bool is_pair =
          merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
      if (!is_pair) fail("tokenizer.json: merge {}: expected a text or two", merges.size());
      merges.push_back(merge[0].get<std::string>() + " " + merge[1].get<std::string>());
    }
    const std::string& text = merges.back();
    if (text.find(' ') == std::string::npos || text.find(' ') != text.rfind(' ')) {
      fail("tokenizer.json: merge {}: expected two pieces without spaces, found \"{}\"", merges.size() - 1,
           text);
    }
  }
  return merges;
}

struct AddedToken {
  std::string content;
  Token token;
  bool special;
  TokenMatching matching;
};

std::vector<AddedToken> read_added_tokens(const JsonNode& file) {
  std::vector<AddedToken> added;
  if (!file.has("added_tokens")) return added;
  for (const JsonNode& node : file.objects("added_tokens")) {
    const std::string& content = node.text("content");
    const Token token = checked_id(node.integer("id"), content);
    node.refuse_unless(!node.flag_or("single_word", false), "single_word");
    const bool special = node.flag_or("special", false);
    added.push_back({content,
                     token,
                     special,
                     {.token = token,
                      .strip_left = node.flag_or("lstrip", false),
                      .strip_right = node.flag_or("rstrip", false),
                      .normalized = node.flag_or("normalized", !special)}});
  }
  return added;
}

void add_ids(Ids& ids, const std::vector<AddedToken>& added) {
  for (const AddedToken& token : added) {
    const auto [place, is_new] = ids.emplace(token.content, token.token);
    if (place->second != token.token) {
      fail("tokenizer.json: added token \"{}\" is {}, but {} in the vocabulary", token.content, token.token,
           place->second);
    }
  }
}

// Pieces by id. Ids without a token get a name of their own.
void place_pieces(const Ids& ids, Vocabulary& v) {
  if (ids.empty()) fail("tokenizer.json: expected tokens, found none");
  Token last = 0;
  for (const auto& [piece, token] : ids) last = std::max(last, token);
  const auto size = static_cast<std::size_t>(last) + 1;
  if (size > ids.size() + kMostGaps) {
    fail("tokenizer.json: expected {} tokens to have ids one after the other, found the id {}", ids.size(),
         last);
  }
  v.pieces.resize(size);
  v.types.assign(size, TokenType::unused);
  for (const auto& [piece, token] : ids) {
    if (v.types[token] != TokenType::unused) {
      fail("tokenizer.json: \"{}\" and \"{}\" both have the id {}", v.pieces[token], piece, token);
    }
    v.pieces[token] = piece;
    v.types[token] = TokenType::normal;
  }
  for (std::size_t token = 0; token < size; ++token) {
    if (v.types[token] == TokenType::unused) v.pieces[token] = fmt::format("[unused{}]", token);
  }
}

void set_types(const std::vector<AddedToken>& added, Vocabulary& v) {
  for (std::size_t token = 0; v.pipeline.byte_fallback && token < v.pieces.size(); ++token) {
    if (byte_of_piece(v.pieces[token]) >= 0) v.types[token] = TokenType::byte;
  }
  if (v.unknown) v.types[*v.unknown] = TokenType::unknown;
  for (const AddedToken& token : added) {
    v.types[token.token] = token.special ? TokenType::control : TokenType::user_defined;
    v.matching.push_back(token.matching);
  }
}

void refuse_options(const JsonNode& model) {
  model.refuse_unless(!model.has("dropout") || model.json()["dropout"] == 0, "dropout");
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    model.refuse_unless(model.text_or(key, "").empty(), key);
  }
}

// With bytes as characters there is nothing to fall back to; and what is unknown is left out.
void check_byte_level(const JsonNode& model, const Ids& ids, const Vocabulary& v) {
  model.refuse_unless(!v.pipeline.byte_fallback, "byte_fallback");
  if (!v.unknown) return;
  for (const char32_t character : byte_alphabet()) {
    std::string piece;
    append_utf8(piece, character);
    model.refuse_unless(ids.contains(piece), "unk_token");
  }
}

void read_model(const JsonNode& model, Ids& ids, Vocabulary& v) {
  if (model.text_or("type", "BPE") != "BPE") model.refuse();
  refuse_options(model);
  v.model = "bpe";
  ids = read_vocabulary(model);
  v.merges = read_merges(model);
  const std::string unknown = model.text_or("unk_token", "");
  if (const auto found = ids.find(unknown); found != ids.end()) v.unknown = found->second;
  if (v.pipeline.spelling == Spelling::byte_alphabet) check_byte_level(model, ids, v);
}

// The id of a template's special token.
Token template_token(const JsonNode& processor, const JsonNode& element) {
  const std::string name = element.object("SpecialToken").text("id");
  const nlohmann::json& ids = processor.object("special_tokens").object(name.c_str()).array("ids");
  if (ids.size() != 1 || !ids[0].is_number_integer()) {
    fail("tokenizer.json: post_processor: expected \"{}\" to have one id", name);
  }
  return checked_id(ids[0].get<std::int64_t>(), name);
}

// What is put around a text: at most one token before it and one after it.
void read_template(const JsonNode& processor, Vocabulary& v) {
  bool after_text = false;
  for (const JsonNode& element : processor.objects("single")) {
    if (!element.has("SpecialToken")) {
      after_text = true;
      continue;
    }
    std::optional<bool>& adds = after_text ? v.add_eos : v.add_bos;
    processor.refuse_unless(adds == false, "single");
    adds = true;
    (after_text ? v.eos : v.bos) = template_token(processor, element);
  }
}

void read_post_processor(const JsonNode& file, Vocabulary& v) {
  v.add_bos = v.add_eos = false;
  if (!file.has("post_processor")) return;
  const JsonNode node = file.object("post_processor");
  const auto read_one = [&](const JsonNode& processor) {
    if (processor.type() == "TemplateProcessing") return read_template(processor, v);
    if (processor.type() != "ByteLevel") processor.refuse();  // ByteLevel changes offsets alone
  };
  if (node.type() != "Sequence") return read_one(node);
  for (const JsonNode& processor : node.objects("processors")) read_one(processor);
}

}  // namespace

Vocabulary read_tokenizer_json(std::string_view text) {
  const nlohmann::json json = parse(text);
  const JsonNode file(json, "tokenizer.json");
  Vocabulary v;
  v.pipeline = read_pipeline(file);
  Ids ids;
  read_model(file.object("model"), ids, v);
  const std::vector<AddedToken> added = read_added_tokens(file);
  add_ids(ids, added);
  place_pieces(ids, v);
  set_types(added, v);
  read_post_processor(file, v);
  v.pre = name_of(v.pipeline);
  return v;
}

}  // namespace msrnn
