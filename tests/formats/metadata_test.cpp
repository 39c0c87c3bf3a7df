#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "formats/weight_file.h"

namespace msrnn {
namespace {

using ::testing::ElementsAre;

Metadata sample() {
  Metadata metadata;
  metadata.set("bool", true);
  metadata.set("integer", std::int64_t{3});
  metadata.set("number", 0.5);
  metadata.set("text", std::string("t"));
  metadata.set("integers", std::vector<std::int64_t>{1, 2});
  metadata.set("numbers", std::vector<double>{0.5});
  metadata.set("texts", std::vector<std::string>{"a"});
  return metadata;
}

std::string message(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Metadata, GivesValuesOfTheirType) {
  const Metadata metadata = sample();
  EXPECT_TRUE(metadata.boolean("bool"));
  EXPECT_EQ(metadata.integer("integer"), 3);
  EXPECT_EQ(metadata.number("number"), 0.5);
  EXPECT_EQ(metadata.number("integer"), 3.0);
  EXPECT_EQ(metadata.text("text"), "t");
  EXPECT_THAT(metadata.integers("integers"), ElementsAre(1, 2));
  EXPECT_THAT(metadata.numbers("numbers"), ElementsAre(0.5));
  EXPECT_THAT(metadata.texts("texts"), ElementsAre("a"));
}

TEST(Metadata, FallsBackOnlyWhereTheKeyIsMissing) {
  const Metadata metadata = sample();
  EXPECT_TRUE(metadata.boolean_or("bool", false));
  EXPECT_FALSE(metadata.boolean_or("none", false));
  EXPECT_EQ(metadata.integer_or("integer", 9), 3);
  EXPECT_EQ(metadata.integer_or("none", 9), 9);
  EXPECT_EQ(metadata.number_or("integer", 9.5), 3.0);
  EXPECT_EQ(metadata.number_or("none", 9.5), 9.5);
  EXPECT_EQ(metadata.text_or("text", "u"), "t");
  EXPECT_EQ(metadata.text_or("none", "u"), "u");
  EXPECT_THROW(metadata.boolean_or("integer", false), Error);
  EXPECT_THROW(metadata.integer_or("number", 1), Error);
  EXPECT_THROW(metadata.number_or("text", 1), Error);
  EXPECT_THROW(metadata.text_or("bool", "u"), Error);
}

TEST(Metadata, ErrorsNameKeyExpectedAndFound) {
  const Metadata metadata = sample();
  EXPECT_EQ(message([&] { metadata.integer("text"); }),
            "metadata key text: expected an integer, found a text");
  EXPECT_EQ(message([&] { metadata.texts("integers"); }),
            "metadata key integers: expected an array of texts, found an array of integers");
  EXPECT_EQ(message([&] { metadata.number("none"); }),
            "metadata key none: expected a number, but the file has no such key");
  EXPECT_THROW(metadata.boolean("integer"), Error);
  EXPECT_THROW(metadata.integer("bool"), Error);
  EXPECT_THROW(metadata.number("bool"), Error);
  EXPECT_THROW(metadata.text("texts"), Error);
  EXPECT_THROW(metadata.integers("numbers"), Error);
  EXPECT_THROW(metadata.numbers("number"), Error);
}

}  // namespace
}  // namespace msrnn
