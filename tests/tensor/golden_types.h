// Reference files of this layer, and all number types.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tensor/dtype.h"

namespace msrnn::test {

inline std::string read_golden(const std::string& name) {
  std::ifstream in(std::filesystem::path(TENSOR_GOLDEN) / name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

inline std::vector<DType> every_type() {
  std::vector<DType> types;
  for (int i = 0; i < kDTypes; ++i) types.push_back(static_cast<DType>(i));
  return types;
}

inline std::string type_name(const ::testing::TestParamInfo<DType>& info) {
  return std::string(traits(info.param).name);
}

}  // namespace msrnn::test
