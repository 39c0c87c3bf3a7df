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

void write_setting(nlohmann::ordered_json& object, const Setting& setting) {
  object["policy"] = setting.policy;
  if (setting.size != 0) object["size"] = setting.size;
}

std::vector<Setting> cross(std::span<const std::string> policies, std::span<const int> sizes) {
  std::vector<Setting> settings;
  const auto add = [&](const Setting& setting) {
    const auto is_same = [&](const Setting& other) { return other.key() == setting.key(); };
    if (std::none_of(settings.begin(), settings.end(), is_same)) settings.push_back(setting);
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
