// Ending a text where one of several stop texts appears in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace msrnn {

// Takes text piece by piece. The match that ends first counts (of those that end together the longest),
// however the text is cut into pieces.
class StopText {
 public:
  // Throws UsageError for an empty stop text.
  explicit StopText(std::vector<std::string> stops);

  // The text that has become final: it comes before any stop text, and is not the beginning of one.
  std::string push(std::string_view piece);
  // What was held back, when nothing more follows. Empty after a match.
  std::string flush();
  // A stop text has appeared. It and what follows is dropped.
  bool matched() const { return matched_; }

 private:
  std::size_t held_back() const;

  std::vector<std::string> stops_;
  std::string pending_;
  bool matched_ = false;
};

}  // namespace msrnn
