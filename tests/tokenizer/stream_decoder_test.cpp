#include <random>

#include <gtest/gtest.h>

#include "msrnn/error.h"
#include "msrnn/tokenizer.h"

#include "base/utf8.h"
#include "small_vocabulary.h"

namespace msrnn {
namespace {

Tokenizer byte_tokenizer() { return make_tokenizer(test::byte_vocabulary()); }

std::vector<std::string> pushed(std::string_view bytes) {
  StreamDecoder decoder(byte_tokenizer());
  std::vector<std::string> texts;
  for (const char c : bytes) texts.push_back(decoder.push(static_cast<unsigned char>(c)));
  texts.push_back(decoder.flush());
  return texts;
}

using Texts = std::vector<std::string>;

TEST(StreamDecoder, HoldsBackACharacterUntilItIsComplete) {
  EXPECT_EQ(pushed("aé😀"), (Texts{"a", "", "é", "", "", "", "😀", ""}));
}

TEST(StreamDecoder, LetsThroughWhatCannotBeginACharacter) {
  EXPECT_EQ(pushed("\xFF\x80"), (Texts{"\xFF", "\x80", ""}));
  EXPECT_EQ(pushed("\xE2\x82z"), (Texts{"", "", "\xE2\x82z", ""}));
  EXPECT_EQ(pushed("\xE2\xF0\x9F"), (Texts{"", "\xE2", "", "\xF0\x9F"}));
  EXPECT_EQ(pushed("\xED\xA0"), (Texts{"", "\xED\xA0", ""}));
}

TEST(StreamDecoder, FlushEmptiesIt) {
  StreamDecoder decoder(byte_tokenizer());
  EXPECT_EQ(decoder.push(0xC3), "");
  EXPECT_EQ(decoder.flush(), "\xC3");
  EXPECT_EQ(decoder.flush(), "");
  EXPECT_EQ(decoder.push('a'), "a");
}

TEST(StreamDecoder, RefusesAnUnknownToken) {
  StreamDecoder decoder(byte_tokenizer());
  EXPECT_THROW(decoder.push(256), Error);
  EXPECT_THROW(decoder.push(-1), Error);
}

TEST(StreamDecoder, LosesNothingOfRandomBytes) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::string bytes, together;
    for (int i = 0; i < 100; ++i) bytes.push_back("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xFF"[random() % 11]);
    for (const std::string& text : pushed(bytes)) together += text;
    ASSERT_EQ(together, bytes);
  }
}

}  // namespace
}  // namespace msrnn
