// What a GGUF file says about a tokenizer that came as Hugging Face's files means the same.
#include "runtime/gguf_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "golden.h"
#include "runtime/load_tokenizer.h"
#include "tokenizer/sentencepiece_model.h"

namespace msrnn {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// How many texts give the same tokens; those with special tokens are left out, since GGUF does not say how
// these are found.
int same_texts(const Metadata& before, const std::string& name) {
  const Vocabulary vocabulary = vocabulary_from(before);
  Metadata after = before;
  EXPECT_EQ(describe_tokenizer(vocabulary, after), "") << name;
  EXPECT_FALSE(after.has("tokenizer.huggingface.json") || after.has("msrnn.tokenizer.model"));
  const Tokenizer expected = make_tokenizer(vocabulary), found = make_tokenizer(vocabulary_from(after));
  int n = 0;
  for (const std::string& text : test::golden_texts()) {
    if (text.find('<') != std::string::npos) continue;
    for (const EncodeOptions options : {EncodeOptions{.add_special = true}, EncodeOptions{}}) {
      EXPECT_EQ(found.encode(text, options), expected.encode(text, options))
          << name << ": \"" << text << "\"";
    }
    ++n;
  }
  return n;
}

TEST(GgufTokenizer, MeansTheSameAsTokenizerJson) {
  for (const char* name : {"gpt-2", "smollm", "llama-bpe", "tekken", "llama-2", "gemma-2"}) {
    Metadata metadata;
    metadata.set("tokenizer.huggingface.json", test::golden_file(test::golden_pipeline(name)).dump());
    EXPECT_GT(same_texts(metadata, name), 60) << name;
  }
}

TEST(GgufTokenizer, MeansTheSameAsASentencePieceModel) {
  Metadata metadata;
  metadata.set("msrnn.tokenizer.model", test::read_data("bpe.model"));
  metadata.set("general.architecture", "llama");
  metadata.set("llama.vocab_size", std::int64_t{1000});
  EXPECT_GT(same_texts(metadata, "bpe.model"), 60);
}

TEST(GgufTokenizer, MeansTheSameAsAUnigramModel) {
  Metadata metadata;
  metadata.set("msrnn.tokenizer.model", test::read_data("unigram.model"));
  EXPECT_GT(same_texts(metadata, "unigram.model"), 60);
  EXPECT_EQ(describe_tokenizer(vocabulary_from(metadata), metadata), "");
  EXPECT_EQ(metadata.text("tokenizer.ggml.model"), "t5");
  metadata.set("tokenizer.ggml.precompiled_charsmap", std::vector<std::int64_t>{1, 2});
  EXPECT_THAT([&] { vocabulary_from(metadata); },
              testing::ThrowsMessage<Error>(HasSubstr("precompiled_charsmap")));
}

TEST(GgufTokenizer, SaysNothingWhereGgufHasNoWords) {
  Metadata metadata;
  const Metadata before = metadata;
  Vocabulary other;
  other.model = "wordpiece";
  EXPECT_THAT(describe_tokenizer(other, metadata), HasSubstr("no tokenizer like wordpiece"));
  EXPECT_EQ(metadata.values(), before.values());
  Vocabulary v;
  v.model = "bpe";
  EXPECT_THAT(describe_tokenizer(v, metadata), HasSubstr("no name"));
}

TEST(VocabularyFrom, AddsTheTokensOfTheSettings) {
  Metadata m;
  m.set("msrnn.tokenizer.model", test::read_data("bpe.model"));
  const Vocabulary plain = vocabulary_from(m);
  const auto n = static_cast<std::int64_t>(plain.pieces.size());
  ASSERT_EQ(plain.pieces[0], "<unk>");
  m.set("msrnn.tokenizer.added_tokens", std::vector<std::string>{"<unk>", "<a>", "<b>"});
  m.set("msrnn.tokenizer.added_token_ids", std::vector<std::int64_t>{0, n + 1, 300});
  m.set("msrnn.tokenizer.added_token_types", std::vector<std::int64_t>{3, 3, 4});
  m.set("msrnn.tokenizer.added_token_strips", std::vector<std::int64_t>{0, 2, 1});
  const Vocabulary v = vocabulary_from(m);
  EXPECT_EQ(v.type(0), TokenType::unknown);
  ASSERT_EQ(v.pieces.size(), plain.pieces.size() + 2);
  EXPECT_EQ(v.pieces.back(), "<a>");
  EXPECT_EQ(v.type(static_cast<Token>(n + 1)), TokenType::control);
  EXPECT_EQ(v.type(static_cast<Token>(n)), TokenType::unused);
  EXPECT_EQ(v.pieces[300], "<b>");
  EXPECT_EQ(v.type(300), TokenType::user_defined);
  ASSERT_EQ(v.matching.size(), 3u);
  EXPECT_TRUE(v.matching[1].strip_right && v.matching[2].strip_left && !v.matching[1].strip_left);
  make_tokenizer(v);
  m.set("msrnn.tokenizer.added_token_ids", std::vector<std::int64_t>{0, n});
  EXPECT_THROW(vocabulary_from(m), Error);
  // Three tokens reach no further than three places.
  for (const std::int64_t far : {n + 3, std::int64_t{1} << 30}) {
    m.set("msrnn.tokenizer.added_token_ids", std::vector<std::int64_t>{0, n, far});
    EXPECT_THAT([&] { vocabulary_from(m); }, testing::ThrowsMessage<Error>(HasSubstr("expected ids below")));
  }
}

}  // namespace
}  // namespace msrnn
