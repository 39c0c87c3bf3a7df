#include "formats/hf_rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace msrnn {
namespace {

constexpr std::int64_t kLongestContext = std::int64_t{1} << 40;

// The rotary settings of one kind of layer, wherever the configuration has them.
class Rope {
 public:
  Rope(const JsonObject& config, std::string prefix, const RopeShape& shape, HfConfig& out)
      : config_(config),
        scaling_(find_scaling(config)),
        prefix_(std::move(prefix)),
        shape_(shape),
        out_(out) {}

  void read() {
    base_ = scaling_.number_or("rope_theta", config_.number_or("rope_theta", 10000.0));
    if (!(base_ > 1)) config_.fail_at("rope_theta", "expected a number above 1, found {}", base_);
    set("freq_base", base_);
    const std::string type = scaling_.text_or("rope_type", scaling_.text_or("type", "default"));
    for (const auto& [name, read_type] : kTypes) {
      if (name == type) return (this->*read_type)();
    }
    scaling_.fail_at("rope_scaling", "the type {:?} is not supported; there are: {}", type,
                     "default, linear, dynamic, yarn, longrope, llama3");
  }

 private:
  static JsonObject find_scaling(const JsonObject& config) {
    static const nlohmann::json kNone = nlohmann::json::object();
    if (config.has("rope_parameters")) {
      const JsonObject all = config.object("rope_parameters");
      return all.has("full_attention") ? all.object("full_attention") : all;
    }
    return config.has("rope_scaling") ? config.object("rope_scaling") : JsonObject(kNone, config.source());
  }

  void set(const char* key, Metadata::Value value) { out_.metadata.set(prefix_ + key, std::move(value)); }

  double factor() const {
    const double factor = scaling_.number("factor");
    if (!(factor >= 1)) scaling_.fail_at("factor", "expected at least 1, found {}", factor);
    return factor;
  }

  // Length of the texts the model was first trained on. Phi-3 says it outside of the scaling.
  std::int64_t original_context() const {
    constexpr const char* kKey = "original_max_position_embeddings";
    if (config_.has(kKey)) return config_.positive(kKey, kLongestContext);
    return scaling_.has(kKey) ? scaling_.positive(kKey, kLongestContext) : shape_.context;
  }

  void read_default() {}

  void read_linear() {
    set("scaling.type", "linear");
    set("scaling.factor", factor());
  }

  void read_dynamic() {
    set("scaling.type", "dynamic");
    set("scaling.factor", factor());
    set("scaling.original_context_length", original_context());
  }

  void read_yarn() {
    if (!scaling_.boolean_or("truncate", true)) scaling_.fail_at("truncate", "only true is supported");
    const double scale = factor();
    set("scaling.type", "yarn");
    set("scaling.factor", scale);
    set("scaling.original_context_length", original_context());
    if (scaling_.has("beta_fast")) set("scaling.yarn_beta_fast", scaling_.number("beta_fast"));
    if (scaling_.has("beta_slow")) set("scaling.yarn_beta_slow", scaling_.number("beta_slow"));
    // GGUF says what comes on top of the formula of the paper (arXiv 2309.00071).
    const auto formula = [scale](double m) { return scale <= 1 ? 1.0 : 0.1 * m * std::log(scale) + 1.0; };
    double attention = formula(1);
    const double m = scaling_.number_or("mscale", 0), m_all = scaling_.number_or("mscale_all_dim", 0);
    if (m != 0 && m_all != 0) attention = formula(m) / formula(m_all);
    attention = scaling_.number_or("attention_factor", attention);
    if (attention != formula(1)) set("scaling.attn_factor", attention / formula(1));
  }

  void read_longrope() {
    const auto original = static_cast<double>(original_context());
    const double scale = scaling_.number_or("factor", static_cast<double>(shape_.context) / original);
    const double attention = scale <= 1 ? 1.0 : std::sqrt(1 + std::log(scale) / std::log(original));
    set("scaling.type", "longrope");
    set("scaling.original_context_length", original_context());
    set("scaling.attn_factor", scaling_.number_or("attention_factor", attention));
    add_factors("rope_factors_long.weight", "long_factor");
    add_factors("rope_factors_short.weight", "short_factor");
  }

  void add_factors(const char* tensor, const char* key) {
    const std::vector<double> factors = scaling_.numbers(key);
    if (std::ssize(factors) != shape_.dimensions / 2) {
      scaling_.fail_at(key, "expected {} numbers, half of the {} that turn, found {}", shape_.dimensions / 2,
                       shape_.dimensions, factors.size());
    }
    out_.rope_factors.push_back({tensor, {factors.begin(), factors.end()}});
  }

  // Long waves are stretched by the factor, short ones not at all, and those between by something between
  // (Llama 3.1; transformers' _compute_llama3_parameters). GGUF has the result, by pair.
  void read_llama3() {
    const double scale = factor(), low = scaling_.number("low_freq_factor"),
                 high = scaling_.number("high_freq_factor");
    if (!(low > 0 && high > low)) {
      scaling_.fail_at("high_freq_factor", "expected more than low_freq_factor, {}, found {}", low, high);
    }
    const auto original = static_cast<double>(original_context());
    ComputedVector factors{"rope_freqs.weight", {}};
    for (std::int64_t i = 0; i < shape_.dimensions / 2; ++i) {
      const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(shape_.dimensions);
      const double waves = original / (2 * std::numbers::pi * std::pow(base_, exponent));  // in the context
      const double smooth = (waves - low) / (high - low);
      const double stretch = waves < low ? scale : waves > high ? 1.0 : 1.0 / ((1 - smooth) / scale + smooth);
      factors.values.push_back(static_cast<float>(stretch));
    }
    out_.rope_factors.push_back(std::move(factors));
  }

  static constexpr std::pair<std::string_view, void (Rope::*)()> kTypes[] = {
      {"default", &Rope::read_default}, {"linear", &Rope::read_linear},     {"dynamic", &Rope::read_dynamic},
      {"yarn", &Rope::read_yarn},       {"longrope", &Rope::read_longrope}, {"su", &Rope::read_longrope},
      {"llama3", &Rope::read_llama3},
  };

  const JsonObject& config_;
  JsonObject scaling_;
  std::string prefix_;
  RopeShape shape_;
  HfConfig& out_;
  double base_ = 0;
};

// Layers that slide may have a base of their own, never stretched.
void read_sliding_base(const JsonObject& config, const std::string& key, Metadata& metadata) {
  const JsonObject parameters = config.has("rope_parameters") ? config.object("rope_parameters") : config;
  if (parameters.has("sliding_attention")) {
    const JsonObject sliding = parameters.object("sliding_attention");
    if (sliding.text_or("rope_type", "default") != "default") {
      sliding.fail_at("sliding_attention", "only rope_type \"default\" is supported");
    }
    metadata.set(key, sliding.number("rope_theta"));
  } else if (config.has("rope_local_base_freq")) {
    metadata.set(key, config.number("rope_local_base_freq"));
  }
}

}  // namespace

std::int64_t rotary_dimensions(const JsonObject& config, std::int64_t head_dim) {
  constexpr const char* kKey = "partial_rotary_factor";
  double part = config.number_or(kKey, 1);
  if (config.has("rope_parameters")) part = config.object("rope_parameters").number_or(kKey, part);
  const auto dimensions =
      static_cast<std::int64_t>(std::clamp(part, -1.0, 2.0) * static_cast<double>(head_dim));
  if (dimensions < 2 || dimensions > head_dim || dimensions % 2 != 0) {
    config.fail_at(kKey, "{} of a head's {} numbers is not an even part of them", part, head_dim);
  }
  return dimensions;
}

void read_rope(const JsonObject& config, const std::string& architecture, const RopeShape& shape,
               HfConfig& out) {
  const std::string prefix = architecture + ".rope.";
  out.metadata.set(prefix + "dimension_count", shape.dimensions);
  Rope(config, prefix, shape, out).read();
  read_sliding_base(config, prefix + "freq_base_swa", out.metadata);
}

}  // namespace msrnn
