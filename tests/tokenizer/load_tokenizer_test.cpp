#include "runtime/load_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "golden.h"
#include "tokenizer/sentencepiece_model.h"

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
  EXPECT_THAT([] { vocabulary_from(Metadata{}); },
              testing::ThrowsMessage<Error>(HasSubstr("the model comes without a tokenizer")));
}

// Whatever reads the vocabulary, a converter too, may take an id for a place in it.
TEST(VocabularyFrom, RefusesIdsAndListsThatDoNotFit) {
  const auto expect_refused = [](const Metadata& m, const std::string& reason) {
    EXPECT_THAT([&] { vocabulary_from(m); }, testing::ThrowsMessage<Error>(HasSubstr(reason)));
  };
  Metadata m = small_metadata();
  m.set("tokenizer.ggml.unknown_token_id", std::int64_t{2'000'000'000});
  expect_refused(m, "expected the unknown token to be an id from 0 to 2, found 2000000000");
  m = small_metadata();
  m.set("tokenizer.ggml.model", std::string("llama"));
  m.set("general.architecture", std::string("phi3"));
  m.set("tokenizer.ggml.token_type", std::vector<std::int64_t>{1});
  expect_refused(m, "expected 3 token types, one a token, found 1");
}

TEST(VocabularyFrom, ReadsTheFilesOfHuggingFaceCheckpoints) {
  Metadata m;
  m.set("tokenizer.huggingface.json", test::golden_file(test::golden_pipeline("llama-2")).dump());
  m.set("tokenizer.ggml.eos_token_id", std::int64_t{2});
  m.set("tokenizer.ggml.add_bos_token", false);
  m.set("msrnn.tokenizer.eos_token_ids", std::vector<std::int64_t>{2, 5});
  m.set("general.architecture", std::string("llama"));
  m.set("llama.vocab_size", std::int64_t{1000});
  const Vocabulary v = vocabulary_from(m);
  EXPECT_EQ(v.model, "bpe");
  EXPECT_EQ(v.eos, 2);
  EXPECT_EQ(v.add_bos, false);
  EXPECT_EQ(v.pieces.size(), 1000u);
  const Tokenizer tokenizer = make_tokenizer(v);
  EXPECT_THAT(tokenizer.end_tokens(), testing::IsSupersetOf({2, 5}));
  EXPECT_EQ(tokenizer.piece(999), "[PAD999]");
}

TEST(VocabularyFrom, PrefersTokenizerJsonToASentencePieceModel) {
  Metadata m;
  m.set("msrnn.tokenizer.model", test::read_data("bpe.model"));
  EXPECT_EQ(vocabulary_from(m).model, "sentencepiece-bpe");
  m.set("tokenizer.huggingface.json", test::golden_file(test::golden_pipeline("qwen2")).dump());
  EXPECT_EQ(vocabulary_from(m).model, "bpe");
  // GGUF files may have it beside their own.
  m.set("tokenizer.ggml.model", std::string("gpt2"));
  m.set("tokenizer.ggml.tokens", std::vector<std::string>{"a"});
  EXPECT_EQ(vocabulary_from(m).model, "gpt2");
}

// A text in two parts has no space more than the whole.
TEST(Tokenizer, GoesOnWithoutASpace) {
  Metadata models[3];
  models[0].set("msrnn.tokenizer.model", test::read_data("bpe.model"));
  models[1].set("tokenizer.huggingface.json", test::golden_file(test::golden_pipeline("llama-2")).dump());
  models[2].set("tokenizer.huggingface.json", test::golden_file(test::golden_pipeline("qwen2")).dump());
  for (const Metadata& m : models) {
    const Tokenizer tokenizer = make_tokenizer(vocabulary_from(m));
    std::vector<Token> joined = tokenizer.encode("one and");
    for (const Token token : tokenizer.encode(" two", {.continues = true})) joined.push_back(token);
    EXPECT_EQ(joined, tokenizer.encode("one and two")) << m.has("msrnn.tokenizer.model");
    EXPECT_EQ(tokenizer.decode(joined), "one and two");
  }
}

TEST(VocabularyFrom, RefusesAModelWithMoreRowsThanCouldBe) {
  Metadata m;
  m.set("msrnn.tokenizer.model", test::read_data("bpe.model"));
  m.set("general.architecture", std::string("llama"));
  for (const std::int64_t size : {std::int64_t{-1}, std::int64_t{1} << 40}) {
    m.set("llama.vocab_size", size);
    EXPECT_THAT([&] { vocabulary_from(m); }, testing::ThrowsMessage<Error>(HasSubstr("llama.vocab_size")));
  }
}

TEST(VocabularyFrom, RefusesATokenizerOfAnotherModel) {
  Metadata m;
  m.set("msrnn.tokenizer.model", test::read_data("bpe.model"));
  m.set("general.architecture", std::string("llama"));
  m.set("llama.vocab_size", std::int64_t{32000});
  EXPECT_THAT(
      [&] { vocabulary_from(m); },
      testing::ThrowsMessage<Error>(HasSubstr("does not fit the model: expected about 32000 tokens")));
}

TEST(VocabularyFrom, SpecialTokensOfPhi3TakeWhiteSpaceAlong) {
  Vocabulary v = read_sentencepiece_model(test::read_data("bpe.model"));
  Metadata m;
  m.set("tokenizer.ggml.model", std::string("llama"));
  m.set("tokenizer.ggml.tokens", v.pieces);
  m.set("tokenizer.ggml.scores", std::vector<double>(v.scores.begin(), v.scores.end()));
  std::vector<std::int64_t> types;
  for (const TokenType type : v.types) types.push_back(static_cast<std::int64_t>(type));
  m.set("tokenizer.ggml.token_type", types);
  const auto user_then_space = [&] {
    return make_tokenizer(vocabulary_from(m)).encode("<|user|> \n", {.parse_special = true}).size();
  };
  EXPECT_GT(user_then_space(), 1u);
  m.set("general.architecture", std::string("phi3"));
  EXPECT_EQ(user_then_space(), 1u);
}

}  // namespace
}  // namespace msrnn
