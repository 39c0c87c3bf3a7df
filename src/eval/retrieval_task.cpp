#include "eval/retrieval_task.h"

#include <algorithm>
#include <array>

#include "base/fail.h"

namespace msrnn {
namespace {

constexpr std::array<std::string_view, 24> kPlaces = {
    "Lisbon", "Vienna",  "Cairo",   "Oslo",   "Lima",   "Dublin", "Athens",  "Havana",
    "Prague", "Nairobi", "Toronto", "Geneva", "Warsaw", "Boston", "Seville", "Madras",
    "Bergen", "Quebec",  "Smyrna",  "Malta",  "Zurich", "Naples", "Ghent",   "Tunis"};
constexpr std::array<std::string_view, 32> kWords = {
    "apple",  "silver", "garden",  "window", "candle", "river",  "yellow", "hammer",
    "pepper", "winter", "marble",  "violin", "carpet", "lemon",  "rabbit", "anchor",
    "basket", "copper", "feather", "ginger", "island", "jacket", "kettle", "ladder",
    "mirror", "needle", "orange",  "pillow", "saddle", "tunnel", "velvet", "walnut"};

// Uniform enough for a few choices, and not left to the standard library.
template <class Values>
std::string draw(const Values& values, std::mt19937_64& random) {
  return std::string(values[random() % values.size()]);
}

HiddenFact make_passkey(std::mt19937_64& random) {
  const std::string key = fmt::format("{}", 10000 + random() % 90000);
  return {fmt::format("The pass key is {}. Remember it. {} is the pass key.", key, key),
          "What is the pass key?", "The pass key is", key};
}

HiddenFact make_needle(std::mt19937_64& random) {
  const std::string place = draw(kPlaces, random), word = draw(kWords, random);
  return {fmt::format("The secret word of the city of {} is {}.", place, word),
          fmt::format("What is the secret word of the city of {}?", place),
          fmt::format("The secret word of the city of {} is", place), word};
}

struct Task {
  const char* name;
  HiddenFact (*make)(std::mt19937_64&);
};
constexpr std::array<Task, 2> kTasks = {{{"passkey", make_passkey}, {"needle", make_needle}}};

// ASCII alone: answers have no other letters, and bytes of others count as parts of words.
bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::vector<std::string> retrieval_tasks() {
  std::vector<std::string> names;
  for (const Task& task : kTasks) names.emplace_back(task.name);
  return names;
}

HiddenFact make_fact(const std::string& task, std::mt19937_64& random) {
  for (const Task& one : kTasks) {
    if (one.name == task) return one.make(random);
  }
  fail_usage("unknown task '{}'; there are {}", task, fmt::join(retrieval_tasks(), ", "));
}

bool answers(std::string_view written, std::string_view answer) {
  const auto begin = std::find_if(written.begin(), written.end(), is_word_byte);
  const auto end = std::find_if_not(begin, written.end(), is_word_byte);
  return std::equal(begin, end, answer.begin(), answer.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace msrnn
