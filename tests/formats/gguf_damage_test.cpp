// Broken files: each must be refused with an error that says what is wrong.
#include <cstring>
#include <memory>
#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "formats/gguf.h"
#include "formats/small_gguf.h"

namespace msrnn {
namespace {

using ::testing::AllOf;
using testing::GgufBuilder;
using testing::GgufBytes;
using testing::GgufTensor;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Parses a copy on the heap of exactly these bytes, so that a sanitizer sees a read beyond them.
GgufContents parse(std::span<const std::byte> bytes) {
  const auto copy = std::make_unique<std::byte[]>(bytes.size());
  if (!bytes.empty()) std::memcpy(copy.get(), bytes.data(), bytes.size());
  return parse_gguf({copy.get(), bytes.size()}, "test.gguf");
}

void expect_refused(const GgufBytes& file, std::string_view reason) {
  try {
    parse(file.bytes);
    ADD_FAILURE() << "accepted; expected: " << reason;
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(StartsWith("test.gguf: byte "), HasSubstr(std::string(reason))));
  }
}

GgufBuilder two_tensors() {
  GgufBuilder builder;
  builder.add("key", std::uint32_t{7});
  builder.add_tensor("a", {2, 32}, GgufTensor::q8_0, testing::counting_bytes(68));
  builder.add_tensor("b", {8}, GgufTensor::f32, testing::counting_bytes(32));
  return builder;
}

TEST(GgufDamage, TruncationAtEveryByte) {
  const GgufBytes file = two_tensors().build();
  const std::span<const std::byte> bytes = file.bytes;
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_THROW(parse(bytes.first(n)), Error) << n;
  EXPECT_NO_THROW(parse(bytes));

  const GgufBytes all = testing::small_gguf().build();
  const std::size_t end = all.bytes.size() - 12;  // the last tensor's padding is not needed
  for (std::size_t n = 0; n < end; ++n) {
    EXPECT_THROW(parse(std::span<const std::byte>(all.bytes).first(n)), Error) << n;
  }
}

// Any single damaged byte may still give a valid file (a letter of a name), but never a crash or a view
// outside.
TEST(GgufDamage, EveryByteReplaced) {
  const GgufBytes file = testing::small_gguf().build();
  const std::size_t end = file.fields.at("data");
  std::vector<std::byte> bytes = file.bytes;
  for (std::size_t i = 0; i < end; ++i) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      bytes[i] = static_cast<std::byte>(value);
      try {
        const GgufContents contents = parse_gguf(bytes, "test.gguf");
        for (const StoredTensor& tensor : contents.tensors) {
          ASSERT_GE(tensor.view.data, bytes.data());
          ASSERT_LE(tensor.view.data + tensor.view.bytes(), bytes.data() + bytes.size());
        }
      } catch (const Error&) {
      }
    }
    bytes[i] = file.bytes[i];
  }
}

TEST(GgufDamage, Header) {
  const GgufBytes file = two_tensors().build();
  GgufBytes magic = file;
  magic.bytes[0] = std::byte{'g'};
  expect_refused(magic, "expected a GGUF file");
  expect_refused(file.with("version", 0u), "GGUF version 0");
  expect_refused(file.with("version", 1u), "GGUF version 1");
  expect_refused(file.with("version", 4u), "GGUF version 4");
  expect_refused(file.with("version", 0x03000000u), "big-endian");
}

TEST(GgufDamage, HostileCountsAllocateNothing) {
  const GgufBytes file = testing::small_gguf().build();
  for (const std::uint64_t huge : {~0ull, 1ull << 63, 1ull << 61, 1ull << 40, 1ull << 32, 100000ull}) {
    expect_refused(file.with("tensor_count", huge), "the number of tensors is");
    expect_refused(file.with("pair_count", huge), "the number of metadata pairs is");
    expect_refused(file.with("u8.length", huge), "metadata key 1 of 19 is");
    expect_refused(file.with("text.value", huge), "the value of \"text\" is");
    expect_refused(file.with("words.count", huge), "the length of the value of \"words\" is");
    expect_refused(file.with("integers.count", huge), "the length of the value of \"integers\" is");
    expect_refused(file.with("flags.count", huge), "the length of the value of \"flags\" is");
    expect_refused(file.with("cube.length", huge), "the name of tensor 3 of 7 is");
  }
}

TEST(GgufDamage, Metadata) {
  const GgufBytes file = testing::small_gguf().build();
  for (const std::uint32_t type : {13u, 100u, ~0u}) {
    expect_refused(file.with("u8.type", type), "unknown type");
    expect_refused(file.with("words.value", type), "unknown type");
  }
  expect_refused(file.with("words.value", 9u), "nested array");
  expect_refused(file.with("yes.value", std::uint8_t{2}), "expected 0 or 1, found 2");
  expect_refused(file.with("u64.value", 1ull << 63), "larger than a signed 64-bit integer");
  expect_refused(GgufBuilder().add("", 1u).build(), "is empty");
  expect_refused(GgufBuilder().add("a", 1u).add("b", 1u).add("a", 2u).build(), "\"a\" occurs twice");
  expect_refused(GgufBuilder().add(std::string(65536, 'x'), 1u).build(), "at most 65535");
  EXPECT_NO_THROW(parse(GgufBuilder().add(std::string(65535, 'x'), 1u).build().bytes));
  expect_refused(GgufBuilder().add("line\nbreak", std::uint8_t{1}).build().with("line\nbreak.type", 99u),
                 "\"line\\nbreak\" has the unknown type 99");
}

TEST(GgufDamage, Alignment) {
  GgufBuilder builder;
  builder.set_alignment(32).add_tensor("a", {1}, GgufTensor::f32, testing::counting_bytes(4));
  const GgufBytes file = builder.build();
  for (const std::uint32_t alignment : {0u, 1u, 4u, 12u, 24u, 33u, 0xffffffffu}) {
    expect_refused(file.with("general.alignment.value", alignment), "general.alignment");
  }
  expect_refused(file.with("general.alignment.value", 0x80000000u), "the padding before the data");
  expect_refused(GgufBuilder().add("general.alignment", 32.0f).build(), "general.alignment");
  expect_refused(GgufBuilder().add("general.alignment", std::int64_t{1} << 40).build(), "general.alignment");
}

TEST(GgufDamage, Shapes) {
  const GgufBytes file = two_tensors().build();
  expect_refused(file.with("a.rank", 0u), "tensor \"a\" has 0 dimensions");
  expect_refused(file.with("a.rank", 5u), "tensor \"a\" has 5 dimensions");
  expect_refused(file.with("a.rank", ~0u), "tensor \"a\" has 4294967295 dimensions");
  expect_refused(file.with("a.dimension0", 0ull), "tensor \"a\" has the dimension 0");
  expect_refused(file.with("a.dimension1", 1ull << 63), "tensor \"a\" has the dimension 9223372036854775808");
  expect_refused(file.with("a.dimension0", 33ull), "needs a multiple of 32");
  expect_refused(file.with("a.dimension0", 16ull), "needs a multiple of 32");
  expect_refused(file.with("a.dimension0", 1ull << 62).with("a.dimension1", 1ull << 62),
                 "tensor \"a\" has more bytes");
  expect_refused(file.with("a.dimension0", (1ull << 63) - 32), "tensor \"a\" has more bytes");
  expect_refused(file.with("a.dimension1", 1ull << 57), "tensor \"a\" takes 4899916394579099648 bytes");
  expect_refused(file.with("a.dimension1", 5ull), "tensor \"a\" takes 170 bytes");
  expect_refused(file.with("a.dimension1", 3ull), "tensors \"a\" and \"b\" overlap");
}

TEST(GgufDamage, NumbersTimesShapeOverflowOnlyAllTogether) {
  const auto one = testing::counting_bytes(4);
  const GgufBytes file = GgufBuilder().add_tensor("t", {1, 1, 1, 1}, GgufTensor::f32, one).build();
  const std::uint64_t edge = 1ull << 16;  // (2^16)^4 = 2^64 wraps to 0
  expect_refused(file.with("t.dimension0", edge)
                     .with("t.dimension1", edge)
                     .with("t.dimension2", edge)
                     .with("t.dimension3", edge),
                 "tensor \"t\" has more bytes");
}

TEST(GgufDamage, TensorTypes) {
  const GgufBytes file = two_tensors().build();
  expect_refused(file.with("b.type", GgufTensor::q8_1),
                 "tensor \"b\" has the type Q8_1 (9), which msrnn does not read");
  for (const std::uint32_t type : {4u, 5u, 31u, 40u, 1000u, ~0u}) {
    expect_refused(file.with("b.type", type), fmt::format("tensor \"b\" has the unknown type {}", type));
  }
}

TEST(GgufDamage, Offsets) {
  const GgufBytes file = two_tensors().build();
  for (const std::uint64_t offset : {1ull, 16ull, 97ull, ~0ull, 1ull << 63}) {
    expect_refused(file.with("b.offset", offset), "expected a multiple of 32");
  }
  expect_refused(file.with("b.offset", 128ull), "the data has 128");
  expect_refused(file.with("b.offset", (1ull << 63) - 32), "the data has 128");
  expect_refused(file.with("b.offset", 0ull), "overlap");
  expect_refused(file.with("b.offset", 64ull), "overlap");
  expect_refused(file.with("a.offset", 32ull), "tensors \"a\" and \"b\" overlap");
}

TEST(GgufDamage, DuplicateTensors) {
  GgufBuilder builder = two_tensors();
  builder.add_tensor("a", {1}, GgufTensor::f32, testing::counting_bytes(4));
  expect_refused(builder.build(), "tensor \"a\" occurs twice");
  expect_refused(GgufBuilder().add_tensor("", {1}, GgufTensor::f32, testing::counting_bytes(4)).build(),
                 "is empty");
}

}  // namespace
}  // namespace msrnn
