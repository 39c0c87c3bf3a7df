// A conversation as the model's chat template writes it, one message at a time: a bounded state remembers
// what was said, so only what is new is ever rendered and read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "msrnn/engine.h"

namespace msrnn {

class ChatFormat {
 public:
  // system: the system prompt; empty: what the template says without one. The engine must outlive it. Throws
  // Error if the model has no chat template, or one that does not show messages as they are.
  ChatFormat(const Engine& engine, std::string system);

  // What to read so that the model answers the first message of a conversation.
  std::vector<Token> first(const std::string& message) const;
  // The same for a later message. `unread`: what the last answer sampled and did not read.
  std::vector<Token> next(const std::string& message, std::vector<Token> unread) const;
  // How many tokens of first() come before the message: the system prompt.
  int system_tokens() const;

 private:
  std::vector<ChatMessage> opening() const;
  std::vector<Token> encode(std::string_view rendered) const;

  const Engine& engine_;
  std::string system_;
};

}  // namespace msrnn
