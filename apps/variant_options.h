// Options of the experiments that compare states.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "eval/variant.h"

namespace msrnn {

// --policies, --sizes, --state-type, --positions
struct VariantArguments {
  std::vector<std::string> policies = {"full", "tova"};
  std::vector<int> sizes = {256, 512, 1024};
  StateOptions state;  // all but policy and size

  void add_to(CLI::App& command);
  std::vector<Variant> variants() const { return every_variant(policies, sizes); }
};

}  // namespace msrnn
