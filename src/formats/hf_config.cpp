#include "formats/hf_config.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "formats/hf_rope.h"
#include "formats/json_text.h"

namespace msrnn {
namespace {

constexpr std::int64_t kMostLayers = 10'000, kMostHeads = 1 << 16, kWidest = 1 << 24,
                       kLargest = std::int64_t{1} << 40;

bool slides_everywhere(const JsonObject&, std::int64_t) { return true; }
bool slides_nowhere(const JsonObject&, std::int64_t) { return false; }
bool slides_in_upper_layers(const JsonObject& config, std::int64_t layer) {
  return config.boolean("use_sliding_window") && layer >= config.integer("max_window_layers");
}
bool slides_but_every_nth(const JsonObject& config, std::int64_t layer) {
  return (layer + 1) % config.positive("sliding_window_pattern", kMostLayers) != 0;
}

void read_soft_caps(const JsonObject& config, const std::string& prefix, Metadata& metadata) {
  for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"}) {
    if (config.has(key)) metadata.set(prefix + key, config.number(key));
  }
}

void read_gemma(const JsonObject& config, const std::string& prefix, Metadata& metadata) {
  read_soft_caps(config, prefix, metadata);
  const double scalar = config.number("query_pre_attn_scalar");
  if (!(scalar > 0)) config.fail_at("query_pre_attn_scalar", "expected a positive number, found {}", scalar);
  metadata.set(prefix + "attention.scale", 1 / std::sqrt(scalar));
}

void read_nothing_more(const JsonObject&, const std::string&, Metadata&) {}

struct Family {
  std::string_view hf_class, architecture;
  std::string_view activation;  // the only one the architecture has
  BlockNorms norms;
  bool (*slides)(const JsonObject& config, std::int64_t layer);
  void (*read_more)(const JsonObject& config, const std::string& prefix, Metadata& metadata);
  // What transformers assumes where config.json says nothing.
  std::string_view defaults;
};

constexpr std::string_view kQwen2Defaults =
    R"({"rms_norm_eps": 1e-6, "max_position_embeddings": 32768, "rope_theta": 1e4,
    "num_key_value_heads": 32, "use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28})";
constexpr std::string_view kQwen3Defaults =
    R"({"rms_norm_eps": 1e-6, "max_position_embeddings": 32768, "rope_theta": 1e4, "head_dim": 128,
    "num_key_value_heads": 32, "use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28})";
constexpr std::string_view kGemma2Defaults = R"({"rms_norm_eps": 1e-6, "max_position_embeddings": 8192,
    "rope_theta": 1e4, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 256000,
    "sliding_window": 4096, "sliding_window_pattern": 2, "query_pre_attn_scalar": 256, "attn_logit_softcapping": 50.0,
    "final_logit_softcapping": 30.0, "tie_word_embeddings": true})";
constexpr std::string_view kGemma3Defaults = R"({"rms_norm_eps": 1e-6, "max_position_embeddings": 131072,
    "rope_theta": 1e6, "rope_local_base_freq": 1e4, "num_attention_heads": 8, "num_key_value_heads": 4,
    "head_dim": 256, "vocab_size": 262208, "sliding_window": 4096, "sliding_window_pattern": 6,
    "query_pre_attn_scalar": 256, "tie_word_embeddings": true})";

constexpr Family kFamilies[] = {
    {"LlamaForCausalLM", "llama", "silu", BlockNorms::before, slides_nowhere, read_nothing_more,
     R"({"rms_norm_eps": 1e-6, "max_position_embeddings": 2048, "rope_theta": 1e4})"},
    {"MistralForCausalLM", "llama", "silu", BlockNorms::before, slides_everywhere, read_nothing_more,
     R"({"rms_norm_eps": 1e-6, "max_position_embeddings": 131072, "rope_theta": 1e4, "num_key_value_heads": 8,
         "sliding_window": 4096})"},
    {"Qwen2ForCausalLM", "qwen2", "silu", BlockNorms::before, slides_in_upper_layers, read_nothing_more,
     kQwen2Defaults},
    {"Qwen3ForCausalLM", "qwen3", "silu", BlockNorms::before, slides_in_upper_layers, read_nothing_more,
     kQwen3Defaults},
    {"Gemma2ForCausalLM", "gemma2", "gelu_pytorch_tanh", BlockNorms::around, slides_but_every_nth, read_gemma,
     kGemma2Defaults},
    {"Gemma3ForCausalLM", "gemma3", "gelu_pytorch_tanh", BlockNorms::around, slides_but_every_nth, read_gemma,
     kGemma3Defaults},
    {"Gemma3ForConditionalGeneration", "gemma3", "gelu_pytorch_tanh", BlockNorms::around,
     slides_but_every_nth, read_gemma, kGemma3Defaults},
    {"Phi3ForCausalLM", "phi3", "silu", BlockNorms::before, slides_everywhere, read_nothing_more,
     R"({"rms_norm_eps": 1e-5, "max_position_embeddings": 4096, "original_max_position_embeddings": 4096,
         "rope_theta": 1e4})"},
};

const Family& find_family(const JsonObject& config) {
  const std::vector<std::string> classes = config.texts("architectures");
  if (classes.empty()) config.fail_at("architectures", "expected the name of a model's class, found none");
  const auto* family = std::ranges::find(kFamilies, classes.front(), &Family::hf_class);
  if (family != std::end(kFamilies)) return *family;
  std::string known;
  for (const Family& f : kFamilies) known += fmt::format("{}{}", known.empty() ? "" : ", ", f.hf_class);
  config.fail_at("architectures", "{:?} is not supported; there are: {}", classes.front(), known);
}

void check_supported(const JsonObject& config, const Family& family) {
  if (config.has("quantization_config")) {
    const std::string method = config.object("quantization_config").text_or("quant_method", "?");
    config.fail_at("quantization_config", "weights quantised by {:?} are not supported", method);
  }
  // The first of these keys that there is counts, as in transformers.
  const char* key = config.has("hidden_activation") ? "hidden_activation" : "hidden_act";
  const std::string activation = config.text_or(key, family.activation);
  // Early Gemma files say "gelu" in hidden_act, and mean the approximation.
  const bool early_gemma = family.norms == BlockNorms::around && std::string_view(key) == "hidden_act";
  if (activation != family.activation && !early_gemma) {
    config.fail_at(key, "expected {:?}, found {:?}", family.activation, activation);
  }
  if (config.find("use_bidirectional_attention") != nullptr &&
      config.boolean("use_bidirectional_attention")) {
    config.fail_at("use_bidirectional_attention", "only causal attention is supported");
  }
}

// By layer: whether it sees a window only.
std::vector<std::int64_t> sliding_layers(const JsonObject& config, const Family& family,
                                         std::int64_t n_layers) {
  std::vector<std::int64_t> slides;
  if (!config.has("layer_types")) {
    for (std::int64_t l = 0; l < n_layers; ++l) slides.push_back(family.slides(config, l) ? 1 : 0);
    return slides;
  }
  for (const std::string& type : config.texts("layer_types")) {
    if (type != "sliding_attention" && type != "full_attention") {
      config.fail_at("layer_types", "expected sliding_attention or full_attention, found {:?}", type);
    }
    slides.push_back(type == "sliding_attention" ? 1 : 0);
  }
  if (std::ssize(slides) != n_layers) {
    config.fail_at("layer_types", "expected {} types, one a layer, found {}", n_layers, slides.size());
  }
  return slides;
}

// p if every p-th layer, and no other, sees all.
std::optional<std::int64_t> period_of(const std::vector<std::int64_t>& slides) {
  const auto period = std::ranges::find(slides, 0) - slides.begin() + 1;
  for (std::ptrdiff_t l = 0; l < std::ssize(slides); ++l) {
    if ((slides[static_cast<std::size_t>(l)] == 0) != ((l + 1) % period == 0)) return std::nullopt;
  }
  return period;
}

void read_window(const JsonObject& config, const Family& family, const std::string& prefix, HfConfig& out) {
  if (!config.has("sliding_window")) return;
  const std::vector<std::int64_t> slides = sliding_layers(config, family, out.n_layers);
  const auto n_sliding = std::ranges::count(slides, 1);
  if (n_sliding == 0) return;
  out.metadata.set(prefix + "sliding_window", config.positive("sliding_window", kLargest));
  if (n_sliding == std::ssize(slides)) return;
  const std::optional<std::int64_t> period = period_of(slides);
  out.metadata.set(prefix + "sliding_window_pattern",
                   period ? Metadata::Value(*period) : Metadata::Value(slides));
}

void read_sizes(const JsonObject& config, const std::string& architecture, HfConfig& out) {
  const auto set = [&](const char* key, std::int64_t value) {
    out.metadata.set(fmt::format("{}.{}", architecture, key), value);
  };
  out.n_layers = config.positive("num_hidden_layers", kMostLayers);
  out.vocabulary = config.positive("vocab_size", kWidest);
  const std::int64_t width = config.positive("hidden_size", kWidest),
                     heads = config.positive("num_attention_heads", kMostHeads),
                     context = config.positive("max_position_embeddings", kLargest);
  const std::int64_t kv_heads =
      config.has("num_key_value_heads") ? config.positive("num_key_value_heads", kMostHeads) : heads;
  if (!config.has("head_dim") && width % heads != 0) {
    config.fail_at("num_attention_heads", "expected a divisor of hidden_size {}, found {}", width, heads);
  }
  const std::int64_t head_dim =
      config.has("head_dim") ? config.positive("head_dim", kMostHeads) : width / heads;
  set("vocab_size", out.vocabulary);
  set("context_length", context);
  set("embedding_length", width);
  set("block_count", out.n_layers);
  set("feed_forward_length", config.positive("intermediate_size", kWidest));
  set("attention.head_count", heads);
  set("attention.head_count_kv", kv_heads);
  set("attention.key_length", head_dim);
  set("attention.value_length", head_dim);
  read_rope(config, architecture, {rotary_dimensions(config, head_dim), context}, out);
}

// The part of the configuration that is about text.
nlohmann::json text_config(const JsonObject& config, const Family& family) {
  nlohmann::json text = config.has("text_config") ? config.object("text_config").json() : config.json();
  const auto defaults = nlohmann::json::parse(family.defaults);
  for (const auto& [key, value] : defaults.items()) {
    if (!text.contains(key)) text[key] = value;
  }
  return text;
}

}  // namespace

HfConfig read_hf_config(std::string_view json, std::string_view source) {
  const nlohmann::json whole = parse_json_object(json, source);
  const Family& family = find_family(JsonObject(whole, source));
  const nlohmann::json text = text_config(JsonObject(whole, source), family);
  const JsonObject config(text, source);
  check_supported(config, family);

  HfConfig out;
  const std::string architecture(family.architecture), prefix = architecture + ".";
  out.metadata.set("general.architecture", architecture);
  out.metadata.set("msrnn.rope.pairs", "halves");
  read_sizes(config, architecture, out);
  const double epsilon = config.number("rms_norm_eps");
  if (!(epsilon > 0 && epsilon < 1))
    config.fail_at("rms_norm_eps", "expected between 0 and 1, found {}", epsilon);
  out.metadata.set(prefix + "attention.layer_norm_rms_epsilon", epsilon);
  read_window(config, family, prefix + "attention.", out);
  family.read_more(config, prefix, out.metadata);
  out.tied_embeddings = config.boolean_or("tie_word_embeddings", false);
  out.norms = family.norms;
  out.norm_offset = family.norms == BlockNorms::around ? 1.0f : 0.0f;
  return out;
}

}  // namespace msrnn
