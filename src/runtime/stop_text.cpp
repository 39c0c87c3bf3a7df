#include "runtime/stop_text.h"

#include <algorithm>
#include <utility>

#include "base/fail.h"

namespace msrnn {

StopText::StopText(std::vector<std::string> stops) : stops_(std::move(stops)) {
  for (const std::string& stop : stops_) {
    if (stop.empty()) fail_usage("a stop text is empty");
  }
}

std::string StopText::push(std::string_view piece) {
  if (matched_) return {};
  pending_ += piece;
  std::size_t begin = std::string::npos, end = std::string::npos;
  for (const std::string& stop : stops_) {
    const std::size_t found = pending_.find(stop);
    if (found == std::string::npos) continue;
    if (found + stop.size() < end || (found + stop.size() == end && found < begin)) {
      begin = found;
      end = found + stop.size();
    }
  }
  matched_ = begin != std::string::npos;
  const std::size_t n_final = matched_ ? begin : pending_.size() - held_back();
  std::string text = pending_.substr(0, n_final);
  pending_ = matched_ ? std::string() : pending_.substr(n_final);
  return text;
}

std::string StopText::flush() { return std::exchange(pending_, {}); }

// The length of the longest end of pending_ with which a stop text begins.
std::size_t StopText::held_back() const {
  std::size_t longest = 0;
  for (const std::string& stop : stops_) {
    for (std::size_t n = std::min(stop.size() - 1, pending_.size()); n > longest; --n) {
      if (pending_.ends_with(std::string_view(stop).substr(0, n))) longest = n;
    }
  }
  return longest;
}

}  // namespace msrnn
