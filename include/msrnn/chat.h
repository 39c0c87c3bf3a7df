// Conversations in the model's own format.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "msrnn/export.h"

namespace MSRNN_API msrnn {

struct ChatMessage {
  std::string role;  // system, user, assistant
  std::string content;
};

struct ChatTemplateOptions {
  bool add_generation_prompt = true;           // end with the opening of the assistant's turn
  std::string bos_token = {}, eos_token = {};  // as the template may print them
};

// Renders a Jinja chat template the way Hugging Face does. Throws Error where the template is wrong or
// refuses the conversation (raise_exception).
std::string render_chat(std::string_view chat_template, const std::vector<ChatMessage>& messages,
                        const ChatTemplateOptions& options = {});

}  // namespace msrnn
