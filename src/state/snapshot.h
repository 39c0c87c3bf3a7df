// A multi-state as bytes: docs/state-format.md.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "msrnn/token.h"

#include "state/state_data.h"

namespace msrnn {

struct Snapshot {
  StateData state;
  std::vector<Token> unread;
};

std::vector<std::byte> write_snapshot(const StateData& state, std::span<const Token> unread);

// Validates everything. Throws Error with the reason: not a state file, another version, damaged, truncated,
// written for another model, or inconsistent.
Snapshot read_snapshot(std::span<const std::byte> bytes, const StateShape& shape,
                       std::shared_ptr<Backend> backend);

}  // namespace msrnn
