// The devices this build has.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "backend/backend.h"

namespace msrnn {

struct DeviceInfo {
  std::string name, description;
};

std::vector<DeviceInfo> list_backends();

struct DeviceOptions {
  int threads = 0;  // 0: all processors this process may use
  std::string_view precision =
      {};  // "exact", "mixed" or "fast", where the device has it; else its own choice
};

// Throws UsageError for a name that is not listed, or options it does not have.
std::shared_ptr<Backend> make_backend(std::string_view name, const DeviceOptions& options = {});

}  // namespace msrnn
