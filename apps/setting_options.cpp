#include "setting_options.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "base/fail.h"

namespace msrnn {
namespace {

// The policies of a comma list. The commas inside "mass:decay=0.95,recent=0.25" separate none: a part with
// "=" and no ":" belongs to the policy before it.
std::vector<std::string> join_policies(const std::vector<std::string>& parts) {
  std::vector<std::string> names;
  for (const std::string& part : parts) {
    const bool goes_on = part.find('=') != std::string::npos && part.find(':') == std::string::npos;
    if (goes_on && !names.empty()) {
      names.back() += "," + part;
    } else {
      names.push_back(part);
    }
  }
  return names;
}

}  // namespace

void SettingArguments::add_lists_to(CLI::App& command) {
  const auto set_policies = [this](const std::vector<std::string>& parts) {
    policies = join_policies(parts);
  };
  command
      .add_option_function<std::vector<std::string>>(
          "--policies", set_policies,
          "What the state keeps, each in every size ('full' keeps all and has none)")
      ->type_name("NAME,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->default_str(fmt::format("[{}]", fmt::join(policies, ",")));
  command.add_option("--sizes", sizes, "Tokens the state keeps in every layer")
      ->type_name("K,...")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
}

void SettingArguments::add_to(CLI::App& command) {
  add_lists_to(command);
  command.add_option("--state-type", state.type, "Number type of the state: f32, f16 or bf16")
      ->type_name("TYPE")
      ->capture_default_str();
  command
      .add_option("--positions", state.positions,
                  "Where a kept token stands: absolute, in-cache (its rank) or compressed (gaps shortened)")
      ->type_name("MODE")
      ->capture_default_str();
}

std::vector<Setting> SettingArguments::settings() const {
  if (std::ranges::find(policies, kBaseline) != policies.end()) {
    fail_usage("{} is no state: it is for language modelling only", kBaseline);
  }
  return every_setting(policies, sizes);
}

}  // namespace msrnn
