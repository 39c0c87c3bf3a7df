// Any bytes as a chat template: parsed and rendered with a fixed conversation, or refused with an Error.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/fail.h"
#include "jinja/template.h"

namespace {

using msrnn::jinja::Value;

std::tm fixed_time() {
  std::tm time{};
  time.tm_year = 124;
  return time;
}

std::vector<std::pair<std::string, Value>> conversation() {
  const auto turn = [](const char* role, const char* content) {
    return Value::dict(
        {{Value::text("role"), Value::text(role)}, {Value::text("content"), Value::text(content)}});
  };
  return {{"messages", Value::list({turn("system", " Be brief."), turn("user", "H\xc3\xa9 \xff <b>\n")})},
          {"add_generation_prompt", Value::boolean(true)},
          {"bos_token", Value::text("<s>")},
          {"tools", Value::none()}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto variables = conversation();
  // Small enough that no input is slow, large enough that loops and macros run.
  const msrnn::jinja::RenderOptions options{fixed_time, {2000, 1 << 16, 200}};
  try {
    const std::string_view source(reinterpret_cast<const char*>(data), size);
    msrnn::jinja::Template(source).render(variables, options);
  } catch (const msrnn::Error&) {
  }
  return 0;
}
