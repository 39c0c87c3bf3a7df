#include "policy/parse.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "msrnn/policy.h"

#include "base/fail.h"

namespace msrnn {
namespace {

struct Preset {
  std::string_view name;
  Policy policy;
  std::string_view description;
};

const Preset kPresets[] = {
    {"tova", AttentionMass{}, "drops what the newest query looks at least (the default)"},
    {"tova-head", AttentionMass{.granularity = Granularity::kv_head}, "the same, each KV head for itself"},
    {"h2o", AttentionMass{.decay = 1, .recent = 0.5f, .granularity = Granularity::kv_head},
     "heavy hitters: drops the least looked at so far; the newest half stays; each KV head for itself"},
    {"h2o-layer", AttentionMass{.decay = 1, .recent = 0.5f}, "the same, one kept set a layer"},
    {"decayed", AttentionMass{.decay = 0.95f, .recent = 0.25f},
     "drops the least looked at lately (a sum that decays by 0.95 a step); the newest quarter stays"},
    {"window", Window{}, "drops the oldest"},
    {"full", Full{}, "keeps everything: the ordinary transformer, whose state grows"},
};

std::string known_policies() {
  std::string names;
  for (const Preset& preset : kPresets) names += fmt::format("{}, ", preset.name);
  return names + "window+N, tova+N, mass:decay=D,recent=R,sinks=N,by=layer|head";
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::int32_t parse_sinks(std::string_view policy, std::string_view text) {
  const auto sinks = parse_number<std::int32_t>(text);
  if (!sinks || *sinks < 0)
    fail_usage("policy {}: expected a number of first tokens, found '{}'", policy, text);
  return *sinks;
}

float parse_factor(std::string_view policy, std::string_view key, std::string_view text) {
  const auto factor = parse_number<float>(text);
  if (!factor || !(*factor >= 0 && *factor <= 1)) {
    fail_usage("policy {}: {} must be a number from 0 to 1, found '{}'", policy, key, text);
  }
  return *factor;
}

// One of the parts after "mass:".
void parse_part(std::string_view policy, std::string_view part, AttentionMass& mass) {
  const std::string_view key = part.substr(0, part.find('='));
  const std::string_view value = key.size() < part.size() ? part.substr(key.size() + 1) : std::string_view{};
  if (key == "decay") {
    mass.decay = parse_factor(policy, key, value);
  } else if (key == "recent") {
    mass.recent = parse_factor(policy, key, value);
  } else if (key == "sinks") {
    mass.sinks = parse_sinks(policy, value);
  } else if (part == "by=layer" || part == "by=head") {
    mass.granularity = part == "by=head" ? Granularity::kv_head : Granularity::layer;
  } else {
    fail_usage("policy {}: expected decay=, recent=, sinks= or by=layer|head, found '{}'", policy, part);
  }
}

AttentionMass parse_mass(std::string_view policy, std::string_view parts) {
  AttentionMass mass;
  for (;;) {
    const std::size_t comma = parts.find(',');
    parse_part(policy, parts.substr(0, comma), mass);
    if (comma == std::string_view::npos) return mass;
    parts.remove_prefix(comma + 1);
  }
}

bool equal(const Policy& a, const Policy& b) {
  if (a.index() != b.index()) return false;
  if (const auto* window = std::get_if<Window>(&a)) return window->sinks == std::get<Window>(b).sinks;
  if (const auto* x = std::get_if<AttentionMass>(&a)) {
    const auto& y = std::get<AttentionMass>(b);
    return x->decay == y.decay && x->recent == y.recent && x->sinks == y.sinks &&
           x->granularity == y.granularity;
  }
  return true;
}

std::int32_t sinks(const Policy& policy) {
  if (const auto* window = std::get_if<Window>(&policy)) return window->sinks;
  if (const auto* mass = std::get_if<AttentionMass>(&policy)) return mass->sinks;
  return 0;
}

}  // namespace

Policy parse_policy(std::string_view text) {
  for (const Preset& preset : kPresets) {
    if (text == preset.name) return preset.policy;
  }
  if (text.starts_with("window+")) return Window{parse_sinks(text, text.substr(7))};
  if (text.starts_with("tova+")) return AttentionMass{.sinks = parse_sinks(text, text.substr(5))};
  if (text == "mass") return AttentionMass{};
  if (text.starts_with("mass:")) return parse_mass(text, text.substr(5));
  fail_usage("unknown policy '{}'; there are: {}", text, known_policies());
}

std::string to_string(const Policy& policy) {
  for (const Preset& preset : kPresets) {
    if (equal(policy, preset.policy)) return std::string(preset.name);
  }
  if (const auto* window = std::get_if<Window>(&policy)) return fmt::format("window+{}", window->sinks);
  const auto& mass = std::get<AttentionMass>(policy);
  if (equal(mass, AttentionMass{.sinks = mass.sinks})) return fmt::format("tova+{}", mass.sinks);
  std::string text = "mass";
  const auto add = [&text](auto key, const auto& value) {
    text += fmt::format("{}{}={}", text == "mass" ? ':' : ',', key, value);
  };
  if (mass.decay != 0) add("decay", mass.decay);
  if (mass.recent != 0) add("recent", mass.recent);
  if (mass.sinks != 0) add("sinks", mass.sinks);
  if (mass.granularity == Granularity::kv_head) add("by", "head");
  return text;
}

void check_capacity(const Policy& policy, int capacity) {
  if (!bounded(policy)) return;
  if (capacity < 1) fail_usage("a state keeps at least 1 token between steps, found {}", capacity);
  if (sinks(policy) > capacity) {
    fail_usage("policy {} pins {} tokens, more than the {} the state keeps", to_string(policy), sinks(policy),
               capacity);
  }
}

std::vector<PolicyInfo> list_policies() {
  std::vector<PolicyInfo> policies;
  for (const Preset& preset : kPresets)
    policies.push_back({std::string(preset.name), std::string(preset.description)});
  policies.push_back(
      {"window+N", "window, but the first N tokens stay (StreamingLLM's sinks; N = 4 is usual)"});
  policies.push_back({"tova+N", "tova, but the first N tokens stay"});
  policies.push_back({"mass:decay=D,recent=R,sinks=N,by=layer|head",
                      "any member of the family of tova (0, 0), h2o (1, 0.5) and decayed (0.95, 0.25)"});
  return policies;
}

}  // namespace msrnn
