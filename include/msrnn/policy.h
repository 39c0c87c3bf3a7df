// Eviction policies by name: what a bounded state keeps. docs/policies.md defines each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "msrnn/export.h"

namespace MSRNN_API msrnn {

struct PolicyInfo {
  std::string name;         // as StateOptions::policy takes it
  std::string description;  // one line
};

// The named policies, best known first. "window+4" and "tova+4" stand for any number of pinned first tokens,
// and "mass:decay=0.95,recent=0.25,by=layer" for any member of the attention-mass family.
std::vector<PolicyInfo> list_policies();

}  // namespace msrnn
