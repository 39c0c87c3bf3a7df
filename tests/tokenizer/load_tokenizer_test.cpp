#include "runtime/load_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

namespace msrnn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Metadata small_metadata() {
  Metadata m;
  m.set("tokenizer.ggml.model", std::string("gpt2"));
  m.set("tokenizer.ggml.pre", std::string("smollm"));
  m.set("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b", "ab"});
  return m;
}

TEST(VocabularyFrom, ReadsEveryKey) {
  Metadata m = small_metadata();
  m.set("tokenizer.ggml.token_type", std::vector<std::int64_t>{3, 1, 6});
  m.set("tokenizer.ggml.scores", std::vector<double>{0.5, -1, 2});
  m.set("tokenizer.ggml.merges", std::vector<std::string>{"a b"});
  m.set("tokenizer.ggml.bos_token_id", std::int64_t{0});
  m.set("tokenizer.ggml.eos_token_id", std::int64_t{1});
  m.set("tokenizer.ggml.eot_token_id", std::int64_t{2});
  m.set("tokenizer.ggml.unknown_token_id", std::int64_t{0});
  m.set("tokenizer.ggml.add_bos_token", true);
  m.set("tokenizer.ggml.add_eos_token", true);
  m.set("tokenizer.ggml.add_space_prefix", true);
  m.set("tokenizer.ggml.remove_extra_whitespaces", true);
  m.set("tokenizer.chat_template", std::string("{{ x }}"));
  const Vocabulary v = vocabulary_from(m);
  EXPECT_EQ(v.model, "gpt2");
  EXPECT_EQ(v.pre, "smollm");
  EXPECT_THAT(v.pieces, ElementsAre("a", "b", "ab"));
  EXPECT_THAT(v.types, ElementsAre(TokenType::control, TokenType::normal, TokenType::byte));
  EXPECT_THAT(v.scores, ElementsAre(0.5f, -1.0f, 2.0f));
  EXPECT_THAT(v.merges, ElementsAre("a b"));
  EXPECT_EQ(v.bos, 0);
  EXPECT_EQ(v.eos, 1);
  EXPECT_EQ(v.eot, 2);
  EXPECT_EQ(v.unknown, 0);
  EXPECT_EQ(v.add_bos, true);
  EXPECT_EQ(v.add_eos, true);
  EXPECT_EQ(v.add_space_prefix, true);
  EXPECT_TRUE(v.remove_extra_whitespaces);
  EXPECT_EQ(v.chat_template, "{{ x }}");
}

TEST(VocabularyFrom, MostKeysAreOptional) {
  const Vocabulary v = vocabulary_from(small_metadata());
  EXPECT_FALSE(v.bos || v.eos || v.eot || v.unknown);
  EXPECT_FALSE(v.add_bos.has_value() || v.add_eos.has_value() || v.add_space_prefix.has_value());
  EXPECT_FALSE(v.remove_extra_whitespaces);
  EXPECT_TRUE(v.types.empty() && v.scores.empty() && v.merges.empty() && v.chat_template.empty());
}

TEST(VocabularyFrom, RefusesWhatIsOutOfRange) {
  const auto expect_refused = [](std::string key, Metadata::Value value) {
    Metadata m = small_metadata();
    m.set(key, std::move(value));
    EXPECT_THAT([&] { vocabulary_from(m); }, testing::ThrowsMessage<Error>(HasSubstr(key)));
  };
  expect_refused("tokenizer.ggml.bos_token_id", std::int64_t{-1});
  expect_refused("tokenizer.ggml.eos_token_id", std::int64_t{1} << 32);
  expect_refused("tokenizer.ggml.eot_token_id", std::string("2"));
  expect_refused("tokenizer.ggml.token_type", std::vector<std::int64_t>{1, 0, 1});
  expect_refused("tokenizer.ggml.token_type", std::vector<std::int64_t>{1, 7, 1});
  expect_refused("tokenizer.ggml.tokens", std::int64_t{3});
  EXPECT_THROW(vocabulary_from(Metadata{}), Error);
}

}  // namespace
}  // namespace msrnn
