#include "formats/safetensors.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"
#include "formats/safetensors_builder.h"

namespace msrnn {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::safetensors_file;

std::vector<StoredTensor> parse(const std::string& file) {
  return parse_safetensors(std::as_bytes(std::span(file)), "x.safetensors");
}

void expect_refused(const std::string& file, const std::string& reason) {
  try {
    parse(file);
    ADD_FAILURE() << "read; expected: " << reason;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("x.safetensors"), HasSubstr(reason)));
  }
}

void expect_header_refused(const std::string& header, std::size_t data_bytes, const std::string& reason) {
  expect_refused(safetensors_file(header, data_bytes), reason);
}

// `count` numbers of f32 at an offset, as an entry of a header.
std::string entry(const std::string& name, int count, int begin, int end) {
  return fmt::format(R"("{}":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}})", name, count, begin,
                     end);
}

TEST(Safetensors, ReadsWhatThePackageWrites) {
  const std::string folder = MSRNN_FORMATS_GOLDEN;
  const std::string file = testing::TemporaryFolder::read(folder + "/types.safetensors");
  const std::string expected = testing::TemporaryFolder::read(folder + "/types.f32");
  std::vector<StoredTensor> tensors = parse(file);
  ASSERT_EQ(tensors.size(), 5u);
  std::ranges::sort(tensors, {}, &StoredTensor::name);
  EXPECT_THAT(tensors[0].shape, ElementsAre(2, 3, 4));
  EXPECT_EQ(tensors[0].view.rows, 6);
  EXPECT_EQ(tensors[0].view.dtype, DType::bf16);
  EXPECT_EQ(tensors[2].name, "matrix.f16");
  EXPECT_EQ(tensors[3].name, "name \"quoted\" \u00e9");
  std::vector<float> numbers;
  for (const StoredTensor& tensor : tensors) {
    const std::int64_t n = tensor.view.rows * tensor.view.cols;
    numbers.resize(numbers.size() + static_cast<std::size_t>(n));
    dequantise(tensor.view.dtype, tensor.view.data, n, numbers.data() + numbers.size() - n);
  }
  ASSERT_EQ(numbers.size() * sizeof(float), expected.size());
  EXPECT_EQ(std::memcmp(numbers.data(), expected.data(), expected.size()), 0);
}

TEST(Safetensors, CutOrLengthenedAnywhereIsRefused) {
  const std::string file =
      safetensors_file("{" + entry("a", 2, 0, 8) + "," + entry("b", 1, 8, 12) + "}  ", 12);
  EXPECT_EQ(parse(file).size(), 2u);
  for (std::size_t n = 0; n < file.size(); ++n) expect_refused(file.substr(0, n), "");
  expect_refused(file + "x", "1 bytes after the last tensor");
}

TEST(Safetensors, TakesTensorsInAnyOrderOfTheHeader) {
  const auto file = safetensors_file("{" + entry("z", 1, 0, 4) + "," + entry("a", 2, 4, 12) + "}", 12);
  const auto tensors = parse(file);
  ASSERT_EQ(tensors.size(), 2u);
  EXPECT_EQ(tensors[0].name, "z");
  EXPECT_EQ(tensors[1].view.data[0], std::byte{4});
}

TEST(Safetensors, RefusesPlacesThatDoNotCoverTheData) {
  expect_header_refused("{" + entry("a", 1, 0, 4) + "," + entry("b", 1, 8, 12) + "}", 12, "no holes");
  expect_header_refused("{" + entry("a", 2, 0, 8) + "," + entry("b", 1, 4, 8) + "}", 8, "no overlaps");
  expect_header_refused("{" + entry("a", 1, 4, 8) + "}", 8, "begin at 4, expected 0");
  expect_header_refused("{" + entry("a", 2, 0, 8) + "}", 4, "truncated");
  expect_header_refused("{" + entry("a", 1, 0, 4) + "}", 5, "1 bytes after the last tensor");
  expect_header_refused("{}", 1, "1 bytes after the last tensor");
  expect_header_refused("{" + entry("a", 2, 0, 4) + "}", 4, "its shape takes 8 bytes, data_offsets span 4");
  expect_header_refused("{" + entry("a", 1, 4, 0) + "}", 4, "the first byte and the one after the last");
}

TEST(Safetensors, RefusesImpossibleEntries) {
  const auto with = [](const std::string& fields) { return "{\"a\":{" + fields + "}}"; };
  const std::string place = R"("data_offsets":[0,4])";
  expect_header_refused(with(R"("dtype":"F64","shape":[1],)" + place), 8,
                        R"(the type "F64" is not supported)");
  expect_header_refused(with(R"("dtype":"I32","shape":[1],)" + place), 4,
                        R"(the type "I32" is not supported)");
  expect_header_refused(with(R"("dtype":7,"shape":[1],)" + place), 4, "dtype: expected a text, found number");
  expect_header_refused(with(R"("shape":[1],)" + place), 4, "dtype: expected a text, found nothing");
  expect_header_refused(with(R"("dtype":"F32","shape":[],)" + place), 4, "1 to 4 dimensions");
  expect_header_refused(with(R"("dtype":"F32","shape":[1,1,1,1,1],)" + place), 4, "1 to 4 dimensions");
  expect_header_refused(with(R"("dtype":"F32","shape":[0],)" + place), 4, "none of them 0");
  expect_header_refused(with(R"("dtype":"F32","shape":[-1],)" + place), 4, "expected sizes, found -1");
  expect_header_refused(with(R"("dtype":"F32","shape":[1.0],)" + place), 4, "expected sizes, found 1.0");
  expect_header_refused(with(R"("dtype":"F32","shape":1,)" + place), 4, "shape: expected an array");
  const std::string huge = "4611686018427387904";
  expect_header_refused(with(R"("dtype":"F32","shape":[)" + huge + "," + huge + "]," + place), 4, "too many");
  expect_header_refused(with(R"("dtype":"F32","shape":[99999999999999999999],)" + place), 4,
                        "expected sizes");
  expect_header_refused(with(R"("dtype":"F32","shape":[1],"data_offsets":[0])"), 4, "data_offsets");
  expect_header_refused(R"({"a":3})", 4, "expected an object");
  expect_header_refused(R"({"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4, "without a name");
}

TEST(Safetensors, RefusesHeadersThatAreNoHeaders) {
  expect_header_refused("{" + entry("a", 1, 0, 4) + "," + entry("a", 1, 4, 8) + "}", 8,
                        R"("a" occurs twice)");
  expect_header_refused("[]", 0, "expected the header to begin with {");
  expect_header_refused(" {}", 0, "expected the header to begin with {");
  expect_header_refused("{", 0, "not valid JSON");
  expect_header_refused("{}x", 0, "not valid JSON");
  expect_header_refused("{\"\xff\":1}", 0, "not valid JSON");
  expect_header_refused(R"({"__metadata__":{"a":1}})", 0, "__metadata__: expected texts");
  expect_header_refused(R"({"a":)" + std::string(1000, '['), 0, "nested deeper");
  std::string longer = safetensors_file("{}", 0);
  longer[4] = 1;
  expect_refused(longer, "at most 100000000 are allowed");
}

class SafetensorsFolder : public ::testing::Test {
 protected:
  void expect_refused(const std::string& reason) const {
    try {
      open_safetensors_files(folder_.path());
      ADD_FAILURE() << "opened; expected: " << reason;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr(folder_.path().string()), HasSubstr(reason)));
    }
  }
  void write_index(const std::string& weight_map) const {
    folder_.write("model.safetensors.index.json", R"({"metadata":{},"weight_map":)" + weight_map + "}");
  }

  testing::TemporaryFolder folder_;
};

TEST_F(SafetensorsFolder, PutsShardsTogether) {
  expect_refused("expected model.safetensors or model.safetensors.index.json");
  folder_.write("pytorch_model.bin", "");
  expect_refused("PyTorch's pickled weights");
  folder_.write("1.safetensors",
                safetensors_file("{" + entry("a", 1, 0, 4) + "," + entry("b", 1, 4, 8) + "}", 8));
  folder_.write("2.safetensors", safetensors_file("{" + entry("c", 1, 0, 4) + "}", 4));
  write_index(R"({"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors"})");
  const SafetensorsFiles all = open_safetensors_files(folder_.path());
  ASSERT_EQ(all.tensors.size(), 3u);
  EXPECT_EQ(all.tensors[1].view.data[0], std::byte{4});
  EXPECT_EQ(all.tensors[2].name, "c");
}

TEST_F(SafetensorsFolder, RefusesWhatTheIndexDoesNotSay) {
  folder_.write("1.safetensors", safetensors_file("{" + entry("a", 1, 0, 4) + "}", 4));
  folder_.write("2.safetensors", safetensors_file("{" + entry("a", 1, 0, 4) + "}", 4));
  write_index(R"({"a":"1.safetensors","b":"3.safetensors"})");
  expect_refused("3.safetensors is missing, which holds the tensor b");
  write_index(R"({"a":"1.safetensors","b":"1.safetensors"})");
  expect_refused("tensor b is not in 1.safetensors");
  write_index(R"({"a":"1.safetensors","b":"2.safetensors"})");
  expect_refused("1.safetensors and");
  for (const char* name : {"../1.safetensors", "/etc/passwd.safetensors", "x/1.safetensors", "..", "1.bin",
                           "", "a\\\\b.safetensors", "1.safetensors\\u0000.safetensors"}) {
    write_index(fmt::format(R"({{"a":"{}"}})", name));
    expect_refused("expected the name of a .safetensors file");
  }
  write_index(R"({"a":1})");
  expect_refused("a: expected a text");
  write_index("[]");
  expect_refused("weight_map: expected an object");
}

}  // namespace
}  // namespace msrnn
