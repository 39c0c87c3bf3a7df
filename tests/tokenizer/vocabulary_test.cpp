#include "tokenizer/vocabulary.h"

#include <functional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "small_vocabulary.h"

namespace msrnn {
namespace {

using ::testing::HasSubstr;

void expect_refused(const std::function<void(Vocabulary&)>& damage, const std::string& reason) {
  Vocabulary vocabulary = test::byte_vocabulary({{"a", "b"}});
  ASSERT_NO_THROW(make_tokenizer(vocabulary));
  damage(vocabulary);
  EXPECT_THAT([&] { make_tokenizer(vocabulary); }, testing::ThrowsMessage<Error>(HasSubstr(reason)));
}

TEST(Vocabulary, UnknownKindsAreRefusedWithTheOnesThereAre) {
  expect_refused([](Vocabulary& v) { v.model = "bert"; },
                 "\"bert\" is not supported; there are: gpt2, llama");
  expect_refused([](Vocabulary& v) { v.model = ""; }, "there are: gpt2");
  expect_refused([](Vocabulary& v) { v.pre = "falcon"; },
                 "\"falcon\" is not supported; there are: gpt-2, phi-2");
}

TEST(Vocabulary, SizesMustAgree) {
  expect_refused([](Vocabulary& v) { v.pieces.clear(); }, "found none");
  expect_refused([](Vocabulary& v) { v.types.pop_back(); }, "expected 257 token types");
  expect_refused([](Vocabulary& v) { v.types.push_back(TokenType::normal); }, "found 258");
  expect_refused([](Vocabulary& v) { v.scores.assign(3, 0.0f); }, "expected 257 scores");
}

TEST(Vocabulary, IdsMustBeInside) {
  expect_refused([](Vocabulary& v) { v.bos = 257; }, "bos token to be an id from 0 to 256, found 257");
  expect_refused([](Vocabulary& v) { v.eos = -1; }, "found -1");
  expect_refused([](Vocabulary& v) { v.eot = 1 << 30; }, "eot token");
  expect_refused([](Vocabulary& v) { v.unknown = 257; }, "unknown token");
}

TEST(Vocabulary, PiecesAreDifferentAndUtf8) {
  expect_refused([](Vocabulary& v) { v.pieces[5] = v.pieces[9]; }, "tokens 5 and 9 are both");
  expect_refused([](Vocabulary& v) { v.pieces[5] = "\xC3"; }, "token 5 is not valid UTF-8");
  expect_refused([](Vocabulary& v) { v.pieces[5] = "\xED\xA0\x80"; }, "token 5 is not valid UTF-8");
}

TEST(Vocabulary, MergesNameKnownPieces) {
  expect_refused([](Vocabulary& v) { v.merges.push_back("a zz"); }, "merge 1 (\"a zz\"): \"zz\" is not");
  expect_refused([](Vocabulary& v) { v.merges.push_back("zz a"); }, "\"zz\" is not in the vocabulary");
  expect_refused([](Vocabulary& v) { v.merges.push_back("b a"); }, "\"ba\" is not in the vocabulary");
  expect_refused([](Vocabulary& v) { v.merges[0] = "ab"; }, "merge 0: expected two pieces, found \"ab\"");
  expect_refused([](Vocabulary& v) { v.merges[0] = ""; }, "expected two pieces");
  expect_refused([](Vocabulary& v) { v.merges[0] = " "; }, "expected two pieces");
  expect_refused([](Vocabulary& v) { v.merges[0] = "a "; }, "\"\" is not in the vocabulary");
}

TEST(Vocabulary, TypesAreOptional) {
  Vocabulary vocabulary = test::byte_vocabulary();
  vocabulary.types.clear();
  const Tokenizer tokenizer = make_tokenizer(vocabulary);
  EXPECT_EQ(tokenizer.vocabulary(), 256);
  EXPECT_EQ(tokenizer.kind(), "bpe (gpt-2)");
  EXPECT_FALSE(tokenizer.is_special(0));
  EXPECT_FALSE(tokenizer.bos() || tokenizer.eos());
}

TEST(Tokenizer, RefusesIdsOutsideTheVocabulary) {
  const Tokenizer tokenizer = make_tokenizer(test::byte_vocabulary());
  EXPECT_THAT(
      [&] {
        tokenizer.decode({1, 256});
      },
      testing::ThrowsMessage<Error>("token 256: expected an id from 0 to 255"));
  EXPECT_THROW(tokenizer.piece(-1), Error);
}

TEST(ByteAlphabet, IsGpt2s) {
  const auto alphabet = byte_alphabet();
  EXPECT_EQ(alphabet[' '], U'Ġ');
  EXPECT_EQ(alphabet['\n'], U'Ċ');
  EXPECT_EQ(alphabet['A'], U'A');
  EXPECT_EQ(alphabet[0x7F], U'ġ');
  EXPECT_EQ(alphabet[0xA0], U'ł');
  EXPECT_EQ(alphabet[0xAD], U'Ń');
  EXPECT_EQ(alphabet[0xFF], U'ÿ');
  EXPECT_EQ(std::set<char32_t>(alphabet.begin(), alphabet.end()).size(), 256u);
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    EXPECT_EQ(spelled_bytes(test::spell(one)), one);
  }
  EXPECT_EQ(spelled_bytes("a b"), std::nullopt);
  EXPECT_EQ(spelled_bytes("日"), std::nullopt);
}

}  // namespace
}  // namespace msrnn
