// msrnn devices: what this build can compute on.
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "backend/registry.h"
#include "commands.h"
#include "output.h"

namespace msrnn {
namespace {

void list_devices(bool json) {
  auto objects = nlohmann::ordered_json::array();
  std::string lines;
  for (const DeviceInfo& device : list_backends()) {
    const std::string here = make_backend(device.name)->description();
    lines += fmt::format("{:<12}{}\n{:<12}here: {}\n", device.name, device.description, "", here);
    objects.push_back({{"name", device.name}, {"description", device.description}, {"here", here}});
  }
  print_text(json ? objects.dump(2) + "\n" : lines);
}

}  // namespace

void add_devices(CLI::App& app) {
  CLI::App* command = app.add_subcommand("devices", "List what can compute, as --device takes it");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print a JSON array");
  command->callback([json] { list_devices(*json); });
}

}  // namespace msrnn
