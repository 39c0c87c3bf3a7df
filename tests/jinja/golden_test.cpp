// Every template of the golden file against what Jinja itself made of it (make_golden.py).
#include <gtest/gtest.h>

#include "jinja/json_values.h"

namespace msrnn::jinja {
namespace {

constexpr const char* kError = "(an error)";

std::string render_or_error(const std::string& source, const Json& variables) {
  try {
    return Template(source).render(variables_from(variables), {golden_time, {}});
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("line "), std::string::npos) << error.what();
    return kError;
  }
}

TEST(Golden, HoldsEnough) { EXPECT_GE(golden()["cases"].size(), 150u); }

TEST(Golden, RendersAsJinja) {
  for (const Json& test : golden()["cases"]) {
    const auto source = test["template"].get<std::string>();
    for (const auto& [index, expected] : test["expected"].items()) {
      const Json& variables = golden()["variables"][std::stoul(index)];
      const std::string wanted = expected.is_null() ? kError : expected.get<std::string>();
      EXPECT_EQ(render_or_error(source, variables), wanted)
          << test["name"] << " with variables " << index << "\n"
          << source;
    }
  }
}

}  // namespace
}  // namespace msrnn::jinja
