#include "chat_format.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "runtime/tiny_engine.h"
#include "support/test_data.h"

namespace msrnn::testing {
namespace {

class ChatFormatTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!model_file()) GTEST_SKIP() << "MSRNN_MODEL is not set: no chat template to test with";
    engine_.emplace(Engine::load(*model_file()));
  }

  std::vector<Token> encode(const std::string& text) const {
    return engine_->tokenizer.encode(text, {.parse_special = true});
  }
  Token end_of_turn() const { return *engine_->tokenizer.find("<|im_end|>"); }

  std::optional<Engine> engine_;
};

// Reading piece by piece must give what rendering the whole conversation gives.
TEST_F(ChatFormatTest, PiecesMakeUpTheWholeConversation) {
  for (const std::string system : {"", "You speak like a pirate."}) {
    const ChatFormat format(*engine_, system);
    std::vector<ChatMessage> messages;
    if (!system.empty()) messages.push_back({"system", system});
    std::vector<Token> pieces;
    std::vector<Token> unread;
    for (const std::string message : {"Hello!", "  What is\n\n1 + 1?  ", "Grüße, 世界 <-message-> {{ x }}"}) {
      messages.push_back({"user", message});
      const std::vector<Token> turn = pieces.empty() ? format.first(message) : format.next(message, unread);
      pieces.insert(pieces.end(), turn.begin(), turn.end());
      EXPECT_EQ(pieces, encode(engine_->render_chat(messages)));

      const std::string answer = "The answer to \"" + message.substr(0, 5) + "\".";
      messages.push_back({"assistant", answer});
      const std::vector<Token> spoken = encode(answer);
      pieces.insert(pieces.end(), spoken.begin(), spoken.end());
      unread = {end_of_turn()};
    }
  }
}

TEST_F(ChatFormatTest, AnAnswerThatWasCutIsReadToItsEndAndClosed) {
  const ChatFormat format(*engine_, "");
  const Token last = encode(" cut").front();
  const std::vector<Token> turn = format.next("Go on", {last});
  EXPECT_EQ(turn.front(), last);
  EXPECT_EQ(turn[1], end_of_turn());
  EXPECT_EQ(engine_->tokenizer.decode(turn),
            " cut<|im_end|>\n<|im_start|>user\nGo on<|im_end|>\n<|im_start|>assistant\n");
}

TEST_F(ChatFormatTest, TheSystemPromptIsWhatComesBeforeTheFirstMessage) {
  for (const std::string system : {"", "Rhyme."}) {
    const ChatFormat format(*engine_, system);
    const std::vector<Token> first = format.first("Hello");
    const std::vector<Token> prompt(first.begin(), first.begin() + format.system_tokens());
    const std::string text = engine_->tokenizer.decode(prompt);
    EXPECT_TRUE(text.ends_with("<|im_start|>user\n")) << text;
    EXPECT_TRUE(system.empty() || text.find(system) != std::string::npos) << text;
  }
}

TEST(ChatFormat, NeedsATemplate) {
  const Engine engine = tiny_engine();
  EXPECT_THROW(ChatFormat(engine, ""), Error);
}

}  // namespace
}  // namespace msrnn::testing
