#include "msrnn/chat.h"

#include "jinja/template.h"

namespace msrnn {

std::string render_chat(std::string_view chat_template, const std::vector<ChatMessage>& messages,
                        const ChatTemplateOptions& options) {
  using jinja::Value;
  std::vector<Value> turns;
  for (const ChatMessage& message : messages) {
    turns.push_back(Value::dict({{Value::text("role"), Value::text(message.role)},
                                 {Value::text("content"), Value::text(message.content)}}));
  }
  return jinja::Template(chat_template)
      .render({{"messages", Value::list(std::move(turns))},
               {"add_generation_prompt", Value::boolean(options.add_generation_prompt)},
               {"bos_token", Value::text(options.bos_token)},
               {"eos_token", Value::text(options.eos_token)},
               {"tools", Value::none()},
               {"documents", Value::none()}});
}

}  // namespace msrnn
