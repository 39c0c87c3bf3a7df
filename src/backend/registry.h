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

// threads: 0 for all processors this process may use. Throws UsageError for a name that is not listed.
std::shared_ptr<Backend> make_backend(std::string_view name, int threads);

}  // namespace msrnn
