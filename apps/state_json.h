// What a measurement was made with, for machines.
#pragma once

#include <nlohmann/json.hpp>

#include "model_options.h"

namespace msrnn {

// Adds model, device, threads, policy, state (tokens kept: a number, or one a layer; null with an unbounded
// policy), state_type, positions, prompt_mode and block.
void describe_run(nlohmann::ordered_json& object, const Model& model, const StateArguments& state);

}  // namespace msrnn
