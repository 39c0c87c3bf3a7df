#include "variant_options.h"

namespace msrnn {

void VariantArguments::add_to(CLI::App& command) {
  const auto add_list = [&command](const char* name, auto& values, const char* help, const char* type) {
    command.add_option(name, values, help)
        ->type_name(type)
        ->delimiter(',')
        ->allow_extra_args(false)
        ->capture_default_str();
  };
  add_list("--policies", policies, "What the state keeps, each in every size ('full' keeps all and has none)",
           "NAME,...");
  add_list("--sizes", sizes, "Tokens the state keeps in every layer", "K,...");
  command.add_option("--state-type", state.type, "Number type of the state: f32, f16 or bf16")
      ->type_name("TYPE")
      ->capture_default_str();
  command
      .add_option("--positions", state.positions,
                  "Where a kept token stands: absolute, in-cache (its rank) or compressed (gaps shortened)")
      ->type_name("MODE")
      ->capture_default_str();
}

}  // namespace msrnn
