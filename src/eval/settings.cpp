#include "eval/settings.h"

#include <algorithm>

#include "base/fail.h"
#include "policy/parse.h"

namespace msrnn {
namespace {

void check(const Setting& setting) {
  if (setting.policy != kBaseline) return check_capacity(parse_policy(setting.policy), setting.size);
  if (setting.size < 2) fail_usage("a baseline reads at least 2 tokens at a time, found {}", setting.size);
}

}  // namespace

std::string Setting::key() const { return size == 0 ? policy : fmt::format("{}/{}", policy, size); }

std::string Setting::summary_key() const { return "summary/" + key(); }

StateOptions Setting::state(StateOptions options) const {
  options.policy = policy;
  if (size != 0) options.capacity = size;
  return options;
}

void write_setting(nlohmann::ordered_json& object, const Setting& setting) {
  object["policy"] = setting.policy;
  if (setting.size != 0) object["size"] = setting.size;
}

Setting read_setting(const nlohmann::ordered_json& object) {
  return {object.at("policy").get<std::string>(), object.value("size", 0)};
}

std::vector<Setting> every_setting(std::span<const std::string> policies, std::span<const int> sizes) {
  std::vector<Setting> settings;
  const auto add = [&](const Setting& setting) {
    if (std::ranges::find(settings, setting) != settings.end()) {
      fail_usage("{} is asked for twice", setting.key());
    }
    settings.push_back(setting);
  };
  for (const std::string& policy : policies) {
    if (policy != kBaseline && !bounded(parse_policy(policy))) {
      add({policy});
      continue;
    }
    if (sizes.empty()) fail_usage("policy {}: expected sizes of its state, found none", policy);
    for (const int size : sizes) {
      check({policy, size});
      add({policy, size});
    }
  }
  if (settings.empty()) fail_usage("expected at least one policy, found none");
  return settings;
}

}  // namespace msrnn
