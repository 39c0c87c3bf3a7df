// The order of a lane's tokens, which its slots do not have.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "policy/slot.h"

namespace msrnn {

// Indices of the slots that hold a token, oldest token first.
std::vector<std::int32_t> live_slots(std::span<const Slot> lane);

}  // namespace msrnn
