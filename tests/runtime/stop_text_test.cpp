#include "runtime/stop_text.h"

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "msrnn/error.h"

namespace msrnn {
namespace {

struct Outcome {
  std::string text;
  bool matched = false;
  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  return out << '\'' << outcome.text << (outcome.matched ? "' stopped" : "'");
}

// The definition: the shortest beginning of the text that ends with a stop text.
Outcome definition(const std::string& text, const std::vector<std::string>& stops) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    std::size_t longest = 0;
    for (const std::string& stop : stops) {
      if (text.substr(0, end).ends_with(stop)) longest = std::max(longest, stop.size());
    }
    if (longest > 0) return {text.substr(0, end - longest), true};
  }
  return {text, false};
}

Outcome in_pieces(const std::string& text, const std::vector<std::string>& stops, std::mt19937& random) {
  StopText stop(stops);
  Outcome outcome;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t n = random() % 4;  // 0 too: a token may give no text
    outcome.text += stop.push(text.substr(begin, n));
    begin += n;
  }
  outcome.text += stop.flush();
  outcome.matched = stop.matched();
  return outcome;
}

TEST(StopText, AgreesWithTheDefinitionHoweverTheTextIsCut) {
  std::mt19937 random(1);
  const auto word = [&random](std::size_t longest) {
    std::string text(1 + random() % longest, ' ');
    for (char& c : text) c = "ab"[random() % 2];  // two letters: matches overlap often
    return text;
  };
  for (int i = 0; i < 20000; ++i) {
    std::vector<std::string> stops(random() % 4);
    for (std::string& stop : stops) stop = word(6);
    const std::string text = word(20);
    EXPECT_EQ(in_pieces(text, stops, random), definition(text, stops)) << "text " << text;
  }
}

TEST(StopText, HoldsBackOnlyWhatMayStillMatch) {
  StopText stop({"\n\nUser:"});
  EXPECT_EQ(stop.push("Hello\n"), "Hello");
  EXPECT_EQ(stop.push("world"), "\nworld");
  EXPECT_EQ(stop.push("\n\nUse"), "");
  EXPECT_EQ(stop.push("ful\n"), "\n\nUseful");
  EXPECT_EQ(stop.push("\n"), "");
  EXPECT_EQ(stop.push("\n"), "\n");  // three line ends: the first cannot begin the match any more
  EXPECT_EQ(stop.push("User:rest"), "");
  EXPECT_TRUE(stop.matched());
  EXPECT_EQ(stop.push("more"), "");
  EXPECT_EQ(stop.flush(), "");
}

TEST(StopText, WithoutStopTextsEverythingPasses) {
  StopText stop({});
  EXPECT_EQ(stop.push("a"), "a");
  EXPECT_EQ(stop.flush(), "");
  EXPECT_FALSE(stop.matched());
}

TEST(StopText, KeepsCharactersWhole) {
  StopText stop({"é!"});
  EXPECT_EQ(stop.push("aé"), "a");
  EXPECT_EQ(stop.push("è"), "éè");
  EXPECT_EQ(stop.push("é"), "");
  EXPECT_EQ(stop.push("!"), "");
  EXPECT_TRUE(stop.matched());
}

TEST(StopText, RefusesTheEmptyText) { EXPECT_THROW(StopText({"a", ""}), UsageError); }

}  // namespace
}  // namespace msrnn
