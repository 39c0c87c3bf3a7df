#include "backend/registry.h"

#include "backend/cpu/cpu_backend.h"
#include "backend/cpu/kernels.h"
#include "backend/reference/reference_backend.h"
#include "base/fail.h"
#include "base/thread_pool.h"

namespace msrnn {
namespace {

struct Device {
  std::string_view name;
  std::string (*description)();
  std::shared_ptr<Backend> (*make)(int threads, std::string_view precision);
};

std::shared_ptr<Backend> make_cpu(int threads, std::string_view precision) {
  const std::string_view name = precision.empty() ? "mixed" : precision;
  for (int p = 0; p < cpu::kPrecisions; ++p) {
    if (name != cpu::kPrecisionNames[p]) continue;
    return std::make_shared<CpuBackend>(threads, cpu::kernels(static_cast<cpu::Precision>(p)));
  }
  fail_usage("precision '{}': the cpu device has exact, mixed and fast", precision);
}

std::shared_ptr<Backend> make_reference(int threads, std::string_view precision) {
  if (precision != "exact" && !precision.empty())
    fail_usage("precision '{}': the reference device is exact", precision);
  return std::make_shared<ReferenceBackend>(threads);
}

const Device kDevices[] = {
    {"cpu", [] { return fmt::format("this processor, kernels for {}", cpu::kernels().isa); }, make_cpu},
    {"reference", [] { return std::string("the specification as plain code, slow: to check results with"); },
     make_reference},
};

}  // namespace

std::vector<DeviceInfo> list_backends() {
  std::vector<DeviceInfo> devices;
  for (const Device& device : kDevices) devices.push_back({std::string(device.name), device.description()});
  return devices;
}

std::shared_ptr<Backend> make_backend(std::string_view name, const DeviceOptions& options) {
  if (options.threads < 0) fail_usage("expected 0 or more threads, found {}", options.threads);
  const int threads = options.threads == 0 ? usable_processors() : options.threads;
  std::string names;
  for (const Device& device : kDevices) {
    if (device.name == name) return device.make(threads, options.precision);
    names += (names.empty() ? "" : ", ") + std::string(device.name);
  }
  fail_usage("unknown device '{}'; there are: {}", name, names);
}

}  // namespace msrnn
