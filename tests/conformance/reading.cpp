#include "conformance/reading.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <tuple>

namespace msrnn::testing {

const Model& tiny_model(const std::string& device, int threads, GgufTensor type) {
  static std::map<std::tuple<std::string, int, GgufTensor>, Model> models;
  const auto key = std::tuple(device, threads, type);
  const auto found = models.find(key);
  if (found != models.end()) return found->second;
  const TemporaryFolder folder;
  return models
      .emplace(key, Model::load(write_tiny_model(folder, {.head_dim = 32, .type = type}),
                                {.device = device, .threads = threads}))
      .first->second;
}

std::vector<Token> random_tokens(int count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Token> tokens(static_cast<std::size_t>(count));
  for (Token& token : tokens) token = static_cast<Token>(random() % kTinyVocabulary);
  return tokens;
}

Reading read(const Model& model, MultiState& state, const std::vector<Token>& tokens,
             const std::vector<int>& blocks) {
  const auto vocabulary = static_cast<std::size_t>(model.config().vocabulary);
  const std::size_t lanes = static_cast<std::size_t>(state.n_layers() * state.lanes(0));
  Reading reading;
  reading.logits.resize(tokens.size() * vocabulary);
  reading.victims.resize(lanes);
  std::size_t block = 0;
  for (std::size_t first = 0; first < tokens.size();) {
    const std::size_t n = std::min(static_cast<std::size_t>(blocks[block]), tokens.size() - first);
    if (block + 1 < blocks.size()) ++block;
    std::vector<std::int32_t> victims(lanes * n), rows(n);
    std::iota(rows.begin(), rows.end(), 0);
    const Segment segment{0, static_cast<int>(n), &state, victims.data()};
    model.forward(std::span(tokens).subspan(first, n), {&segment, 1},
                  std::span(reading.logits).subspan(first * vocabulary, n * vocabulary),
                  {.logits_rows = rows, .observe = {}});
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const auto begin = victims.begin() + static_cast<std::ptrdiff_t>(lane * n);
      reading.victims[lane].insert(reading.victims[lane].end(), begin,
                                   begin + static_cast<std::ptrdiff_t>(n));
    }
    first += n;
  }
  return reading;
}

void append(Reading& reading, const Reading& next) {
  reading.logits.insert(reading.logits.end(), next.logits.begin(), next.logits.end());
  for (std::size_t lane = 0; lane < reading.victims.size(); ++lane) {
    auto& victims = reading.victims[lane];
    victims.insert(victims.end(), next.victims[lane].begin(), next.victims[lane].end());
  }
}

std::vector<std::vector<std::int32_t>> kept(const MultiState& state) {
  std::vector<std::vector<std::int32_t>> kept;
  for (int layer = 0; layer < state.n_layers(); ++layer) {
    for (int lane = 0; lane < state.lanes(layer); ++lane) kept.push_back(state.positions(layer, lane));
  }
  return kept;
}

float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return std::numeric_limits<float>::infinity();
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const float difference = std::abs(a[i] - b[i]);
    if (!(difference <= largest)) largest = difference;  // a NaN counts
  }
  return largest;
}

}  // namespace msrnn::testing
