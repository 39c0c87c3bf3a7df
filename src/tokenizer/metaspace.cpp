#include "tokenizer/metaspace.h"

namespace msrnn {

std::string replace_all(std::string_view text, std::string_view pattern, std::string_view content) {
  std::string replaced;
  std::size_t begin = 0;
  for (std::size_t found; (found = text.find(pattern, begin)) != std::string_view::npos;) {
    replaced += text.substr(begin, found - begin);
    replaced += content;
    begin = found + pattern.size();
  }
  replaced += text.substr(begin);
  return replaced;
}

}  // namespace msrnn
