#include "state_json.h"

#include "policy/parse.h"

namespace msrnn {

void describe_run(nlohmann::ordered_json& object, const Model& model, const StateArguments& state) {
  object["model"] = model.config().name;
  object["device"] = model.device();
  object["threads"] = model.threads();
  object["policy"] = state.policy;
  if (!bounded(parse_policy(state.policy))) {
    object["state"] = nullptr;
  } else if (state.capacities.size() == 1) {
    object["state"] = state.capacities.front();
  } else {
    object["state"] = state.capacities;
  }
  object["state_type"] = state.type;
  object["positions"] = state.positions;
  object["prompt_mode"] = state.prompt_mode;
  object["block"] = state.block;
}

}  // namespace msrnn
