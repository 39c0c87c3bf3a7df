// Lists of policies on the command line.
#pragma once

#include <string>
#include <vector>

namespace msrnn {

// The policies of a comma list. The commas inside "mass:decay=0.95,recent=0.25" separate none: a part with
// "=" and no ":" belongs to the policy before it.
std::vector<std::string> policy_names(const std::vector<std::string>& parts);

}  // namespace msrnn
