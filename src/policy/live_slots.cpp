#include "policy/live_slots.h"

#include <algorithm>

namespace msrnn {

std::vector<std::int32_t> live_slots(std::span<const Slot> lane) {
  std::vector<std::int32_t> live;
  for (std::size_t s = 0; s < lane.size(); ++s) {
    if (lane[s].position != kEmpty) live.push_back(static_cast<std::int32_t>(s));
  }
  std::sort(live.begin(), live.end(), [&](auto a, auto b) { return lane[a].position < lane[b].position; });
  return live;
}

}  // namespace msrnn
