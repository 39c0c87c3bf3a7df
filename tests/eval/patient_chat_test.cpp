#include "eval/patient_chat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "eval/scripted_judge.h"

namespace msrnn::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PatientChatTest : public ::testing::Test {
 protected:
  std::optional<ChatAnswer> ask(ChatPatience patience = {}) {
    PatientChat chat(judge_.transport(), patience);
    return chat.ask("{}", [](const std::string& text) { return text == "good"; });
  }

  void fails_with(const char* message, std::size_t requests, ChatPatience patience = {}) {
    judge_.requests.clear();
    try {
      ask(patience);
      FAIL() << message;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
      EXPECT_THAT(error.what(), HasSubstr("the judge"));
    }
    EXPECT_EQ(judge_.requests.size(), requests) << message;
    judge_.script.clear();
  }

  ScriptedJudge judge_;
};

TEST_F(PatientChatTest, AsksOnceWhereItIsAnswered) {
  judge_.script = {chat_answer("good", 11, 4)};
  const auto answer = ask();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, "good");
  EXPECT_EQ(answer->prompt_tokens, 11);
  EXPECT_EQ(answer->completion_tokens, 4);
  EXPECT_THAT(judge_.requests, ElementsAre("{}"));
  EXPECT_TRUE(judge_.sleeps.empty());
}

TEST_F(PatientChatTest, AsksAgainAfterGrowingPauses) {
  judge_.script = {chat_failure(500), chat_failure(0, "timed out"), chat_failure(200, "cut off"),
                   chat_failure(408), chat_answer("good")};
  EXPECT_EQ(ask()->text, "good");
  EXPECT_THAT(judge_.sleeps, ElementsAre(1, 2, 4, 8));
  judge_.sleeps.clear();
  judge_.script = {chat_failure(503), chat_failure(502), chat_failure(529), chat_answer("good")};
  EXPECT_EQ(ask({.pause = 10, .most_pause = 15})->text, "good");
  EXPECT_THAT(judge_.sleeps, ElementsAre(10, 15, 15));
}

TEST_F(PatientChatTest, WaitsAsLongAsItIsTold) {
  judge_.script = {chat_failure(429, "", 20), chat_failure(429, "", 0.1), chat_failure(503, "", 300),
                   chat_answer("good")};
  EXPECT_EQ(ask()->text, "good");
  EXPECT_THAT(judge_.sleeps, ElementsAre(20, 2, 300));
  judge_.script = {chat_failure(429, "", 86400)};
  fails_with("86400 s", 1);
}

TEST_F(PatientChatTest, AsksAgainWhereTheAnswerIsNone) {
  for (const char* body :
       {"", "no JSON", "{}", "[]", "null", R"({"choices": []})", R"({"choices": {}})", R"({"choices": [1]})",
        R"({"choices": [{"text": "good"}]})", R"({"choices": [{"message": "good"}]})"}) {
    const ChatResponse malformed = {.status = 200, .problem = {}, .body = body, .retry_after = {}};
    judge_.script = {malformed, chat_answer("good")};
    EXPECT_EQ(ask()->text, "good") << body;
    judge_.script = {malformed, malformed, malformed};
    fails_with("choices[0].message", 3, {.attempts = 3});
  }
}

TEST_F(PatientChatTest, TakesTheLastAnswerWhereNoneIsAcceptable) {
  judge_.script = {chat_answer("bad", 5, 1), chat_failure(500), chat_answer("worse", 5, 2)};
  const auto answer = ask({.attempts = 3});
  EXPECT_EQ(answer->text, "worse");
  EXPECT_EQ(answer->prompt_tokens, 10);
  EXPECT_EQ(answer->completion_tokens, 3);
  // No content, no tokens counted: how some servers refuse.
  judge_.script = {{.status = 200,
                    .problem = {},
                    .body = R"({"choices": [{"message": {"content": null}}]})",
                    .retry_after = {}}};
  const auto refusal = ask({.attempts = 1});
  EXPECT_EQ(refusal->text, "");
  EXPECT_EQ(refusal->prompt_tokens, 0);
}

TEST_F(PatientChatTest, GivesUpWithTheReason) {
  judge_.script = std::deque<ChatResponse>(6, chat_failure(0, "connection refused"));
  fails_with("cannot be reached: connection refused, asked 6 times", 6);
  judge_.script = std::deque<ChatResponse>(6, chat_failure(500));
  fails_with("status 500, asked 6 times: sorry", 6);
  judge_.script = std::deque<ChatResponse>(6, chat_failure(200, "cut off"));
  fails_with("broke off", 6);
  for (const long status : {400, 404, 422}) {  // asking again changes nothing
    judge_.script = {chat_failure(status)};
    fails_with("sorry", 1);
  }
  for (const long status : {401, 403}) {
    judge_.script = {chat_failure(status)};
    fails_with("key", 1);
  }
}

TEST_F(PatientChatTest, KeepsToTheRate) {
  judge_.seconds_per_request = 1;
  PatientChat chat(judge_.transport(), {.per_minute = 10});
  judge_.script = {chat_answer("good"), chat_failure(500)};
  judge_.answer = [](const std::string&) { return chat_answer("good"); };
  for (int i = 0; i < 3; ++i) chat.ask("{}", [](const std::string&) { return true; });
  EXPECT_THAT(judge_.times, ElementsAre(0, 6, 12, 18));
  EXPECT_EQ(chat.requests(), 4);
}

TEST_F(PatientChatTest, StopsAtOnce) {
  judge_.stop = true;
  EXPECT_EQ(ask(), std::nullopt);
  EXPECT_TRUE(judge_.requests.empty());
  judge_.stop = false;
  judge_.answer = [this](const std::string&) {
    judge_.stop = true;
    return chat_failure(0, "interrupted");
  };
  EXPECT_EQ(ask(), std::nullopt);
  EXPECT_EQ(judge_.requests.size(), 1u);
}

TEST_F(PatientChatTest, RefusesImpossiblePatience) {
  EXPECT_THROW(PatientChat(judge_.transport(), {.attempts = 0}), UsageError);
  EXPECT_THROW(PatientChat(judge_.transport(), {.pause = -1}), UsageError);
  EXPECT_THROW(PatientChat(judge_.transport(), {.per_minute = -1}), UsageError);
}

}  // namespace
}  // namespace msrnn::testing
