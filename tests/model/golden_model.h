// Very small models of every family, made of what make_golden.py wrote: a configuration, the names and shapes
// of tensors, and a rule for their numbers.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/temporary_folder.h"

namespace msrnn::testing {

std::vector<std::string> golden_models();
std::filesystem::path golden_model_folder(const std::string& name);

// The checkpoint as Hugging Face's tools write it, without its tokenizer. Returns the folder's path.
std::filesystem::path write_golden_model(const std::string& name, const TemporaryFolder& folder);

}  // namespace msrnn::testing
