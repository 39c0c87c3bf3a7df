// A judge that is not there: its answers are made by the test, its clock stands still unless somebody sleeps.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "eval/patient_chat.h"

namespace msrnn::testing {

inline ChatResponse chat_answer(const std::string& text, int prompt_tokens = 7, int completion_tokens = 3) {
  const nlohmann::json body = {
      {"choices", {{{"message", {{"role", "assistant"}, {"content", text}}}}}},
      {"usage", {{"prompt_tokens", prompt_tokens}, {"completion_tokens", completion_tokens}}}};
  return {.status = 200, .problem = {}, .body = body.dump(), .retry_after = {}};
}

inline ChatResponse chat_failure(long status, std::string problem = {},
                                 std::optional<double> retry_after = {}) {
  return {.status = status, .problem = std::move(problem), .body = "sorry", .retry_after = retry_after};
}

struct ScriptedJudge {
  std::deque<ChatResponse> script;  // what comes next; then …
  std::function<ChatResponse(const std::string&)> answer = [](const std::string&) {
    return chat_answer("[[1]]");
  };
  double clock = 0, seconds_per_request = 0;
  bool stop = false;
  std::vector<std::string> requests;
  std::vector<double> times;  // of the requests
  std::vector<double> sleeps;

  ChatTransport transport() {
    return {.name = "the judge",
            .send =
                [this](const std::string& request) {
                  requests.push_back(request);
                  times.push_back(clock);
                  clock += seconds_per_request;
                  if (script.empty()) return answer(request);
                  ChatResponse next = script.front();
                  script.pop_front();
                  return next;
                },
            .now = [this] { return clock; },
            .sleep =
                [this](double seconds) {
                  sleeps.push_back(seconds);
                  clock += seconds;
                },
            .stopped = [this] { return stop; }};
  }
};

}  // namespace msrnn::testing
