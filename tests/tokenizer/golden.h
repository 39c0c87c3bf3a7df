// golden.json and the models beside it (make_golden.py).
#pragma once

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "msrnn/token.h"

namespace msrnn::test {

using Json = nlohmann::ordered_json;

inline std::string read_data(const std::string& name) {
  std::ifstream in(std::string(MSRNN_TEST_DATA) + "/" + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

inline const Json& golden() {
  static const Json json = Json::parse(read_data("golden.json"));
  return json;
}

inline std::vector<std::string> golden_texts() { return golden()["texts"].get<std::vector<std::string>>(); }

inline std::vector<Token> ids_of(const Json& ids) {
  std::istringstream in(ids.get<std::string>());
  return {std::istream_iterator<Token>(in), {}};
}

// The tokenizer.json of a pipeline in the golden file.
inline Json golden_file(const Json& pipeline) {
  Json file = pipeline["file"];
  const Json& vocabulary = golden()[pipeline["vocabulary"].get<std::string>()];
  file["model"]["vocab"] = vocabulary["vocab"];
  file["model"]["merges"] = vocabulary["merges"];
  return file;
}

inline const Json& golden_pipeline(const std::string& name) {
  for (const Json& pipeline : golden()["pipelines"]) {
    if (pipeline["name"] == name) return pipeline;
  }
  ADD_FAILURE() << "no pipeline " << name;
  return golden()["pipelines"][0];
}

}  // namespace msrnn::test
