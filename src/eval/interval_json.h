// Intervals in lines of results.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "eval/bootstrap.h"

namespace msrnn {

// Writes both ends under these names. Without an interval there are none: readers must do without them.
void write_interval(nlohmann::ordered_json& object, const std::optional<Interval>& interval,
                    const std::string& low = "low", const std::string& high = "high");

}  // namespace msrnn
