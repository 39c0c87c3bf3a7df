// Options of the experiments that compare states.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "eval/settings.h"

namespace msrnn {

struct SettingArguments {
  // What is here when options are added is their default.
  std::vector<std::string> policies = {"full", "tova"};
  std::vector<int> sizes = {256, 512, 1024};
  StateOptions state = {};  // all but policy and size

  // --policies, --sizes, --state-type, --positions
  void add_to(CLI::App& command);
  // The first two of them.
  void add_lists_to(CLI::App& command);
  // Throws UsageError as every_setting() does, and for a baseline.
  std::vector<Setting> settings() const;
};

}  // namespace msrnn
