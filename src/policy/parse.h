// Policies from their names, and back.
#pragma once

#include <string>
#include <string_view>

#include "policy/policy.h"

namespace msrnn {

// A preset ("tova", "h2o-layer", "window+4", …) or "mass:decay=D,recent=R,sinks=S,by=layer|head", each part
// optional. Throws UsageError, naming the policies there are.
Policy parse_policy(std::string_view text);

// The shortest text that parses to `policy`.
std::string to_string(const Policy& policy);

// Throws UsageError unless a state of this capacity can follow the policy: at least one slot, and room for
// the sinks.
void check_capacity(const Policy& policy, int capacity);

}  // namespace msrnn
