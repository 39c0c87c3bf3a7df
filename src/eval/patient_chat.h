// Asking a chat endpoint that is slow, limits its users, or fails now and then.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace msrnn {

// What came back for one request.
struct ChatResponse {
  long status = 0;      // of HTTP; 0: no answer at all, and `problem` says why
  std::string problem;  // also where an answer was cut off
  std::string body;
  std::optional<double> retry_after;  // seconds, where the server says when to come back
};

// The world outside: replaced in tests.
struct ChatTransport {
  std::string name;  // what messages call the endpoint
  std::function<ChatResponse(const std::string& request)> send;
  std::function<double()> now;        // seconds
  std::function<void(double)> sleep;  // seconds; may return early when stopped
  std::function<bool()> stopped;      // nothing is wanted any more
};

struct ChatPatience {
  int attempts = 6;        // of one request
  double pause = 1;        // seconds after the first that failed; doubled after every further one …
  double most_pause = 60;  // … up to this; or as long as the server says, up to an hour
  double per_minute = 0;   // requests at most; 0: as fast as they are answered
};

// tokens: what the answers cost, those that were not accepted included, as far as the server says it.
struct ChatAnswer {
  std::string text;
  std::int64_t prompt_tokens = 0, completion_tokens = 0;
};

class PatientChat {
 public:
  PatientChat(ChatTransport transport, ChatPatience patience);

  // Posts the request, a JSON text as /v1/chat/completions takes it. Asks again, after growing pauses, on
  // 408, 425, 429, any 5xx, no or half an answer, an answer that is not what the interface promises, and one
  // that `accept` refuses; of these the last is returned when attempts have run out. None: it was stopped.
  // Throws Error where there is no answer, or one that asking again cannot change.
  std::optional<ChatAnswer> ask(const std::string& request,
                                const std::function<bool(const std::string& text)>& accept);

  std::int64_t requests() const { return requests_; }

 private:
  void await_turn();
  ChatResponse send(const std::string& request);

  ChatTransport transport_;
  ChatPatience patience_;
  double next_turn_ = 0;
  std::int64_t requests_ = 0;
};

}  // namespace msrnn
