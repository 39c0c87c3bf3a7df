// A Jinja template as Hugging Face renders chat templates: parsed once, rendered any number of times.
#pragma once

#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jinja/ast.h"
#include "jinja/budget.h"
#include "jinja/parser.h"
#include "jinja/value.h"

namespace msrnn::jinja {

// The local time.
std::tm now();

struct RenderOptions {
  std::function<std::tm()> clock = now;  // what strftime_now() prints
  Limits limits;
};

class Template {
 public:
  // Throws Error, with the line, where the source is no template or uses what this interpreter lacks: blocks
  // and inheritance, include and import, call blocks, recursive loops.
  explicit Template(std::string_view source) : body_(parse_template(source)) {}

  // Throws Error, with the line, where the template fails, refuses (raise_exception) or exceeds a limit.
  std::string render(std::vector<std::pair<std::string, Value>> variables,
                     const RenderOptions& options = {}) const;

 private:
  Block body_;
};

}  // namespace msrnn::jinja
