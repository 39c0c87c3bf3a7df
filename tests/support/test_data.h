// Where tests find data that is too large for the project: an independent implementation's results, and the
// demo model.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace msrnn::testing {

inline std::optional<std::filesystem::path> path_from_environment(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

inline std::optional<std::filesystem::path> golden_folder() { return path_from_environment("MSRNN_GOLDEN"); }
inline std::optional<std::filesystem::path> model_file() { return path_from_environment("MSRNN_MODEL"); }

}  // namespace msrnn::testing
