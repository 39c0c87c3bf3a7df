#include "formats/hf_tokenizer.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include "base/mapped_file.h"
#include "formats/json_text.h"

namespace msrnn {
namespace {

std::optional<std::string> read_if_there(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::nullopt;
  const MappedFile file(path);
  return std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
}

// A parsed file, or an empty object where there is none.
class JsonFile {
 public:
  JsonFile(const std::optional<std::string>& text, std::string_view folder, std::string_view name,
           std::string_view skipped = {})
      : source_(fmt::format("{}/{}", folder, name)),
        json_(text ? parse_json_object(*text, source_, skipped) : nlohmann::json::object()) {}

  JsonObject object() const { return {json_, source_}; }

 private:
  std::string source_;
  nlohmann::json json_;
};

std::int64_t checked_id(std::int64_t id, const JsonObject& object, std::string_view key) {
  if (id < 0 || id > std::numeric_limits<std::int32_t>::max()) {
    object.fail_at(key, "expected a token id, found {}", id);
  }
  return id;
}

class TokenizerFacts {
 public:
  TokenizerFacts(const HfTokenizerFiles& files, std::string_view folder, Metadata& metadata)
      : files_(files),
        metadata_(metadata),
        tokenizer_(files.tokenizer_json, folder, "tokenizer.json",
                   "model"),  // its vocabulary is read elsewhere
        settings_(files.tokenizer_config, folder, "tokenizer_config.json"),
        special_(files.special_tokens_map, folder, "special_tokens_map.json"),
        generation_(files.generation_config, folder, "generation_config.json"),
        config_(files.config, folder, "config.json"),
        processor_(files.chat_template_json, folder, "chat_template.json") {}

  void add() {
    if (files_.tokenizer_json) metadata_.set("tokenizer.huggingface.json", *files_.tokenizer_json);
    if (files_.tokenizer_model) metadata_.set("msrnn.tokenizer.model", *files_.tokenizer_model);
    read_added_tokens();
    add_special("bos_token", "tokenizer.ggml.bos_token_id");
    add_special("unk_token", "tokenizer.ggml.unknown_token_id");
    add_special("pad_token", "tokenizer.ggml.padding_token_id");
    add_special("eos_token", "tokenizer.ggml.eos_token_id");
    add_ends();
    add_flags();
    add_templates();
  }

 private:
  // Ids by text, of the tokens that are not part of the vocabulary's own model.
  void read_added_tokens() {
    const JsonObject tokenizer = tokenizer_.object(), settings = settings_.object();
    if (const nlohmann::json* tokens = tokenizer.find("added_tokens")) {
      if (!tokens->is_array()) tokenizer.fail_at("added_tokens", "expected an array");
      for (const nlohmann::json& entry : *tokens) {
        if (!entry.is_object()) tokenizer.fail_at("added_tokens", "expected objects");
        const JsonObject token(entry, tokenizer.source());
        added_.emplace(token.text("content"), checked_id(token.integer("id"), token, "id"));
      }
    }
    if (settings.has("added_tokens_decoder")) read_decoder(settings.object("added_tokens_decoder"));
  }

  void read_decoder(const JsonObject& decoder) {
    constexpr std::int64_t kControl = 3, kUserDefined = 4;
    std::vector<std::string> texts;
    std::vector<std::int64_t> all_ids, types, strips;
    for (const auto& [key, value] : decoder.json().items()) {
      std::int64_t id = -1;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
      if (error != std::errc() || end != key.data() + key.size()) decoder.fail_at(key, "expected a token id");
      const JsonObject token = decoder.object(key);
      texts.push_back(token.text("content"));
      all_ids.push_back(checked_id(id, decoder, key));
      types.push_back(token.boolean_or("special", false) ? kControl : kUserDefined);
      strips.push_back((token.boolean_or("lstrip", false) ? 1 : 0) +
                       (token.boolean_or("rstrip", false) ? 2 : 0));
      added_.emplace(texts.back(), id);
    }
    metadata_.set("msrnn.tokenizer.added_tokens", std::move(texts));
    metadata_.set("msrnn.tokenizer.added_token_ids", std::move(all_ids));
    metadata_.set("msrnn.tokenizer.added_token_types", std::move(types));
    metadata_.set("msrnn.tokenizer.added_token_strips", std::move(strips));
  }

  // A special token's text: written plainly, or as an object.
  static std::optional<std::string> special_text(const JsonObject& object, const char* key) {
    const nlohmann::json* value = object.find(key);
    if (value == nullptr) return std::nullopt;
    return value->is_object() ? object.object(key).text("content") : object.text(key);
  }

  // One id, or several.
  static std::vector<std::int64_t> ids(const JsonObject& object, const std::string& key) {
    const nlohmann::json* value = object.find(key);
    if (value == nullptr) return {};
    if (!value->is_array()) return {checked_id(object.integer(key), object, key)};
    std::vector<std::int64_t> all;
    for (const nlohmann::json& id : *value) {
      if (!id.is_number_integer()) object.fail_at(key, "expected token ids");
      all.push_back(checked_id(id.get<std::int64_t>(), object, key));
    }
    return all;
  }

  void add_special(const char* key, const char* metadata_key) {
    std::optional<std::string> text = special_text(settings_.object(), key);
    if (!text) text = special_text(special_.object(), key);
    if (const auto token = text ? added_.find(*text) : added_.end(); token != added_.end()) {
      metadata_.set(metadata_key, token->second);
      return;
    }
    // Said to have none: then the ids are leftovers of the training.
    if (!text && settings_.object().json().contains(key)) return;
    const std::string id_key = fmt::format("{}_id", key);
    for (const JsonFile* file : {&generation_, &config_}) {
      if (const std::vector<std::int64_t> all = ids(file->object(), id_key); !all.empty()) {
        metadata_.set(metadata_key, all.front());
        return;
      }
    }
  }

  void add_ends() {
    constexpr const char* kEos = "tokenizer.ggml.eos_token_id";
    std::vector<std::int64_t> ends;
    const auto add = [&](std::int64_t id) {
      if (std::ranges::count(ends, id) == 0) ends.push_back(id);
    };
    if (metadata_.has(kEos)) add(metadata_.integer(kEos));
    for (const JsonFile* file : {&generation_, &config_}) {
      for (const std::int64_t id : ids(file->object(), "eos_token_id")) add(id);
    }
    if (ends.size() > 1) metadata_.set("tokenizer.ggml.eot_token_id", ends[1]);
    if (!ends.empty()) metadata_.set("msrnn.tokenizer.eos_token_ids", std::move(ends));
  }

  void add_flags() {
    const JsonObject settings = settings_.object();
    const std::string tokenizer_class = settings.text_or("tokenizer_class", "");
    const bool has_bos_by_default = tokenizer_class.starts_with("LlamaTokenizer") ||
                                    tokenizer_class.starts_with("CodeLlamaTokenizer") ||
                                    tokenizer_class.starts_with("GemmaTokenizer");
    if (settings.has("add_bos_token") || has_bos_by_default || begins_with_special_token()) {
      metadata_.set("tokenizer.ggml.add_bos_token", settings.boolean_or("add_bos_token", true));
    }
    if (settings.has("add_eos_token")) {
      metadata_.set("tokenizer.ggml.add_eos_token", settings.boolean("add_eos_token"));
    }
  }

  // Whether tokenizer.json puts a special token before every text.
  bool begins_with_special_token() const {
    const nlohmann::json* processor = tokenizer_.object().find("post_processor");
    if (processor == nullptr) return false;
    const auto is_template = [](const nlohmann::json& p) {
      if (!p.is_object() || !p.contains("single")) return false;
      const nlohmann::json& pieces = p["single"];
      return pieces.is_array() && !pieces.empty() && pieces.front().is_object() &&
             pieces.front().contains("SpecialToken");
    };
    if (is_template(*processor)) return true;
    const bool is_sequence =
        processor->is_object() && processor->contains("processors") && (*processor)["processors"].is_array();
    return is_sequence && std::ranges::any_of((*processor)["processors"], is_template);
  }

  void add_templates() {
    constexpr const char* kKey = "tokenizer.chat_template";
    const JsonObject settings = settings_.object(), processor = processor_.object();
    const nlohmann::json* value = settings.find("chat_template");
    if (value != nullptr && value->is_array()) {
      add_named_templates(settings, *value);
    } else if (value != nullptr) {
      metadata_.set(kKey, settings.text("chat_template"));
    }
    if (processor.has("chat_template")) metadata_.set(kKey, processor.text("chat_template"));
    if (files_.chat_template_jinja) metadata_.set(kKey, *files_.chat_template_jinja);
  }

  void add_named_templates(const JsonObject& settings, const nlohmann::json& list) {
    std::vector<std::string> names;
    for (const nlohmann::json& entry : list) {
      if (!entry.is_object())
        settings.fail_at("chat_template", "expected objects with a name and a template");
      const JsonObject named(entry, settings.source());
      const std::string& name = named.text("name");
      if (name == "default") {
        metadata_.set("tokenizer.chat_template", named.text("template"));
      } else {
        metadata_.set(fmt::format("tokenizer.chat_template.{}", name), named.text("template"));
        names.push_back(name);
      }
    }
    if (!names.empty()) metadata_.set("tokenizer.chat_templates", std::move(names));
  }

  const HfTokenizerFiles& files_;
  Metadata& metadata_;
  JsonFile tokenizer_, settings_, special_, generation_, config_, processor_;
  std::map<std::string, std::int64_t> added_;
};

}  // namespace

HfTokenizerFiles HfTokenizerFiles::read(const std::filesystem::path& folder, std::string config) {
  return {.tokenizer_json = read_if_there(folder / "tokenizer.json"),
          .tokenizer_model = read_if_there(folder / "tokenizer.model"),
          .tokenizer_config = read_if_there(folder / "tokenizer_config.json"),
          .special_tokens_map = read_if_there(folder / "special_tokens_map.json"),
          .generation_config = read_if_there(folder / "generation_config.json"),
          .chat_template_jinja = read_if_there(folder / "chat_template.jinja"),
          .chat_template_json = read_if_there(folder / "chat_template.json"),
          .config = std::move(config)};
}

void add_tokenizer_metadata(const HfTokenizerFiles& files, std::string_view source, Metadata& metadata) {
  TokenizerFacts(files, source, metadata).add();
}

}  // namespace msrnn
