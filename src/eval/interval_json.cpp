#include "eval/interval_json.h"

namespace msrnn {

void write_interval(nlohmann::ordered_json& object, const std::optional<Interval>& interval,
                    const std::string& low, const std::string& high) {
  if (!interval) return;
  object[low] = interval->low;
  object[high] = interval->high;
}

}  // namespace msrnn
