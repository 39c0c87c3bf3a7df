// render_chat() on a real model's template, and what its errors say.
#include "msrnn/chat.h"

#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jinja/json_values.h"

namespace msrnn {
namespace {

using jinja::Json;

constexpr const char* kSmol =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ "
    "'<|im_start|>system\n"
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    "' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n"
    "' + message['content'] + '<|im_end|>' + '\n"
    "'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n"
    "' }}{% endif %}";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string error_of(std::string_view source) {
  try {
    return "rendered: " + render_chat(source, {{"user", "Hello"}});
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(RenderChat, GivesTheReferenceText) {
  const char* folder = std::getenv("MSRNN_GOLDEN");
  if (folder == nullptr) GTEST_SKIP() << "MSRNN_GOLDEN is not set: no reference conversation";
  const std::string tokens = std::string(folder) + "/tokens/";
  std::vector<ChatMessage> messages;
  for (const Json& message : Json::parse(read_file(tokens + "chatml.messages.json"))) {
    messages.push_back({message["role"], message["content"]});
  }
  EXPECT_EQ(render_chat(kSmol, messages), read_file(tokens + "chatml.txt"));
}

TEST(RenderChat, PassesItsOptions) {
  const char* source =
      "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ tools }}{{ add_generation_prompt }}";
  EXPECT_EQ(render_chat(source, {{"user", "Hi"}}, {false, "<s>", "</s>"}), "<s>Hi</s>NoneFalse");
}

TEST(RenderChat, KeepsBytesThatAreNoText) {
  const std::string bytes = "a\xff\xc3(\xe2\x82 z";
  EXPECT_EQ(render_chat("{{ messages[0].content | trim }}", {{"user", " " + bytes + " "}}), bytes);
  EXPECT_EQ(render_chat("{{ messages[0].content[1:2] }}", {{"user", bytes}}), "\xff");
  EXPECT_EQ(render_chat("{{ messages[0].content | upper | lower }}", {{"user", bytes}}), bytes);
  EXPECT_EQ(render_chat("{{ messages[0].content | tojson }}", {{"user", bytes}}), "\"" + bytes + "\"");
}

TEST(RenderChat, ErrorsCarryTheLineAndTheReason) {
  using testing::AllOf;
  using testing::HasSubstr;
  EXPECT_THAT(error_of("a\nb\n{{ raise_exception('Roles must alternate') }}"),
              AllOf(HasSubstr("line 3"), HasSubstr("Roles must alternate")));
  EXPECT_THAT(error_of("\n{{ message.content }}"),
              AllOf(HasSubstr("line 2"), HasSubstr("'message' is undefined")));
  EXPECT_THAT(error_of("{% if true %}\n\n{% endfor %}"), AllOf(HasSubstr("line 3"), HasSubstr("endfor")));
  EXPECT_THAT(error_of("\n{{ 'abc }}"), AllOf(HasSubstr("line 2"), HasSubstr("not closed")));
  EXPECT_THAT(error_of("{{ 1 | nothing }}"), HasSubstr("unknown filter 'nothing'"));
  EXPECT_THAT(error_of("{{ 1 is nothing }}"), HasSubstr("unknown test 'nothing'"));
  EXPECT_THAT(error_of("{% include 'x' %}"), HasSubstr("'include'"));
  EXPECT_THAT(error_of("{{ [].append(1) }}"), HasSubstr("may not change"));
}

}  // namespace
}  // namespace msrnn
