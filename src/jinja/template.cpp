#include "jinja/template.h"

#include "base/fail.h"
#include "jinja/evaluator.h"

namespace msrnn::jinja {

std::tm now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm local{};
  localtime_r(&seconds, &local);
  return local;
}

std::string Template::render(std::vector<std::pair<std::string, Value>> variables,
                             const RenderOptions& options) const {
  Context context{Budget(options.limits), options.clock};
  const auto globals = std::make_shared<Scope>(Scope{nullptr, std::move(variables)});
  try {
    return Evaluator(context, globals).render(body_);
  } catch (const Error& error) {
    fail("chat template, line {}: {}", context.line, error.what());
  }
}

}  // namespace msrnn::jinja
