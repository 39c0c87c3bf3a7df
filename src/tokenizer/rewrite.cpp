#include "tokenizer/rewrite.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utf8proc.h>

#include "base/fail.h"
#include "base/utf8.h"
#include "tokenizer/metaspace.h"

namespace msrnn {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// text: valid UTF-8.
void append_composed(std::string& out, std::string_view text) {
  if (is_ascii(text)) {
    out += text;
    return;
  }
  utf8proc_uint8_t* composed = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                 static_cast<utf8proc_ssize_t>(text.size()), &composed,
                                 static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(composed, std::free);
  if (size < 0) fail("normal form C: {}", utf8proc_errmsg(size));
  out.append(reinterpret_cast<const char*>(composed), static_cast<std::size_t>(size));
}

std::string compose(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    if (valid > 0) append_composed(out, text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) break;
    out += text[0];
    text.remove_prefix(1);
  }
  return out;
}

bool applies(const Prepend& step, std::string_view text, Place place) {
  if (place == Place::after_text) return false;
  switch (step.where) {
    case Prepend::Where::every_part:
      return !text.empty();
    case Prepend::Where::unless_there:
      return !text.starts_with(step.content);
    case Prepend::Where::beginning_unless:
      return place == Place::beginning && !text.starts_with(step.content);
  }
  return false;
}

struct Step {
  std::string_view text;
  Place place;

  std::string operator()(const Replace& step) const { return replace_all(text, step.pattern, step.content); }
  std::string operator()(const Prepend& step) const {
    return applies(step, text, place) ? step.content + std::string(text) : std::string(text);
  }
  std::string operator()(const ComposeCharacters&) const { return compose(text); }
};

}  // namespace

std::string rewrite(const std::vector<Rewrite>& steps, const Fragment& fragment) {
  std::string text(fragment.text);
  for (const Rewrite& step : steps) text = std::visit(Step{text, fragment.place}, step);
  return text;
}

}  // namespace msrnn
