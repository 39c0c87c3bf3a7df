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
  std::shared_ptr<Backend> (*make)(int threads);
};

const Device kDevices[] = {
    {"cpu", [] { return fmt::format("this processor, kernels for {}", cpu::kernels().isa); },
     [](int threads) -> std::shared_ptr<Backend> {
       return std::make_shared<CpuBackend>(threads, cpu::kernels());
     }},
    {"reference", [] { return std::string("the specification as plain code, slow: to check results with"); },
     [](int threads) -> std::shared_ptr<Backend> { return std::make_shared<ReferenceBackend>(threads); }},
};

}  // namespace

std::vector<DeviceInfo> list_backends() {
  std::vector<DeviceInfo> devices;
  for (const Device& device : kDevices) devices.push_back({std::string(device.name), device.description()});
  return devices;
}

std::shared_ptr<Backend> make_backend(std::string_view name, int threads) {
  if (threads < 0) fail_usage("expected 0 or more threads, found {}", threads);
  std::string names;
  for (const Device& device : kDevices) {
    if (device.name == name) return device.make(threads == 0 ? usable_processors() : threads);
    names += (names.empty() ? "" : ", ") + std::string(device.name);
  }
  fail_usage("unknown device '{}'; there are: {}", name, names);
}

}  // namespace msrnn
