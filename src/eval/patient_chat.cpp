#include "eval/patient_chat.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/fail.h"

namespace msrnn {
namespace {

constexpr double kLongestRetryAfter = 3600;

bool passes_with_time(long status) {
  return status == 0 || status == 408 || status == 425 || status == 429 || status >= 500;
}

// What is worth showing of a body.
std::string body_excerpt(std::string_view body) {
  constexpr std::size_t kMost = 200;
  std::string text;
  for (const char c : body.substr(0, kMost)) text += c == '\n' || c == '\r' ? ' ' : c;
  return body.size() > kMost ? text + "…" : text;
}

std::int64_t token_count(const nlohmann::json& body, const char* name) {
  const auto usage = body.find("usage");
  if (usage == body.end() || !usage->is_object()) return 0;
  const auto count = usage->find(name);
  return count != usage->end() && count->is_number_integer() ? count->get<std::int64_t>() : 0;
}

// None where it is not what /v1/chat/completions answers. A message without content is an empty text: so some
// servers say that they refuse.
std::optional<ChatAnswer> parse_chat_answer(const std::string& text) {
  const nlohmann::json body = nlohmann::json::parse(text, nullptr, false);
  if (!body.is_object() || !body.contains("choices")) return std::nullopt;
  const nlohmann::json& choices = body["choices"];
  if (!choices.is_array() || choices.empty() || !choices[0].is_object()) return std::nullopt;
  const auto message = choices[0].find("message");
  if (message == choices[0].end() || !message->is_object()) return std::nullopt;
  const auto content = message->find("content");
  const bool is_text = content != message->end() && content->is_string();
  return ChatAnswer{is_text ? content->get<std::string>() : "", token_count(body, "prompt_tokens"),
                    token_count(body, "completion_tokens")};
}

[[noreturn]] void give_up(const std::string& name, const ChatResponse& response, int attempts) {
  if (response.status == 401 || response.status == 403) {
    fail("{} refuses access ({}): is the key right? {}", name, response.status, body_excerpt(response.body));
  }
  const std::string tries = attempts == 1 ? "" : fmt::format(", asked {} times", attempts);
  if (response.status == 0) fail("{} cannot be reached: {}{}", name, response.problem, tries);
  if (!response.problem.empty()) fail("{}: an answer broke off: {}{}", name, response.problem, tries);
  if (response.status < 200 || response.status >= 300) {
    fail("{} answers with status {}{}: {}", name, response.status, tries, body_excerpt(response.body));
  }
  fail("{}: expected an answer with choices[0].message{}, found: {}", name, tries,
       body_excerpt(response.body));
}

}  // namespace

PatientChat::PatientChat(ChatTransport transport, ChatPatience patience)
    : transport_(std::move(transport)), patience_(patience) {
  if (patience_.attempts < 1) fail_usage("attempts: expected 1 or more, found {}", patience_.attempts);
  if (!(patience_.per_minute >= 0))
    fail_usage("requests a minute: expected 0 or more, found {}", patience_.per_minute);
  if (!(patience_.pause >= 0)) fail_usage("the pause: expected 0 or more seconds, found {}", patience_.pause);
}

std::optional<ChatAnswer> PatientChat::ask(const std::string& request,
                                           const std::function<bool(const std::string&)>& accept) {
  std::int64_t prompt_tokens = 0, completion_tokens = 0;
  for (int attempt = 1;; ++attempt) {
    await_turn();
    if (transport_.stopped()) return std::nullopt;
    const ChatResponse response = send(request);
    if (transport_.stopped()) return std::nullopt;
    const bool arrived = response.problem.empty() && response.status >= 200 && response.status < 300;
    std::optional<ChatAnswer> answer = arrived ? parse_chat_answer(response.body) : std::nullopt;
    if (answer) {
      answer->prompt_tokens = prompt_tokens += answer->prompt_tokens;
      answer->completion_tokens = completion_tokens += answer->completion_tokens;
      if (accept(answer->text) || attempt >= patience_.attempts) return answer;
    } else {
      const bool may_change = arrived || !response.problem.empty() || passes_with_time(response.status);
      if (!may_change || attempt >= patience_.attempts) give_up(transport_.name, response, attempt);
    }
    const double wanted = response.retry_after.value_or(0);
    if (wanted > kLongestRetryAfter)
      fail("{} asks to come back in {:.0f} s; run the same command then", transport_.name, wanted);
    const double pause = std::min(patience_.most_pause, patience_.pause * std::exp2(attempt - 1));
    transport_.sleep(std::max(pause, wanted));
  }
}

void PatientChat::await_turn() {
  const double now = transport_.now();
  if (next_turn_ > now) transport_.sleep(next_turn_ - now);
}

ChatResponse PatientChat::send(const std::string& request) {
  if (patience_.per_minute > 0) next_turn_ = transport_.now() + 60 / patience_.per_minute;
  ++requests_;
  return transport_.send(request);
}

}  // namespace msrnn
