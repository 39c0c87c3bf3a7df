#include "golden/golden_run.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>

#include <fmt/format.h>

#include "support/test_data.h"

namespace msrnn::testing {
namespace {

constexpr float kNearTie = 1e-4f;

// "window4" of the file names is the policy "window+4".
std::string policy_name(const std::string& name) {
  if (name.starts_with("window") && name.size() > 6) return "window+" + name.substr(6);
  return name;
}

void read_capacity(const std::string& word, StateOptions& state) {
  state.capacity = std::stoi(word.substr(1));
  const std::size_t dash = word.find('-');
  if (dash == std::string::npos) return;
  const int other = std::stoi(word.substr(dash + 1));
  constexpr int kLayers = 30;  // of the model the golden data is for
  for (int layer = 0; layer < kLayers; ++layer) {
    state.layer_capacities.push_back(layer % 2 == 0 ? state.capacity : other);
  }
}

GoldenRun parse_run(const std::string& folder, const std::string& name) {
  GoldenRun run{folder, name, {}, {}, 0};
  run.state.type = "f32";
  std::istringstream words(name);
  std::string word;
  std::getline(words, word, '.');
  run.state.policy = policy_name(word);
  while (std::getline(words, word, '.')) {
    if (word == "in-cache" || word == "compressed") {
      run.state.positions = word;
    } else if (word == "pinned") {
      run.pins = {{10, 20}, {500, 510}};
    } else if (word.starts_with("prompt")) {
      run.prompt_tokens = std::stoi(word.substr(6));
    } else {
      read_capacity(word, run.state);
    }
  }
  return run;
}

// The row of an array [steps], [layers][steps] or [layers][sets][steps].
std::int64_t row_of(const std::vector<std::int64_t>& shape, std::int64_t layer, std::int64_t set) {
  if (shape.size() == 1) return 0;
  return shape.size() == 2 ? layer : layer * shape[1] + set;
}

std::vector<std::int32_t> kept_row(const Array<std::int32_t>& kept, std::int64_t layer, std::int64_t set) {
  const std::int64_t width = kept.shape.back();
  const auto begin = kept.values.begin() + row_of(kept.shape, layer, set) * width;
  return {begin, std::find(begin, begin + width, -1)};
}

}  // namespace

std::vector<GoldenRun> list_golden_runs() {
  std::vector<GoldenRun> runs;
  const auto golden = golden_folder();
  if (!golden) return runs;
  constexpr std::string_view kSuffix = ".nll.npy";
  for (const char* folder : {"policies", "positions"}) {
    for (const auto& entry : std::filesystem::directory_iterator(*golden / folder)) {
      std::string name = entry.path().filename();
      if (!name.ends_with(kSuffix)) continue;
      name.resize(name.size() - kSuffix.size());
      runs.push_back(parse_run(folder, name));
    }
  }
  std::sort(runs.begin(), runs.end(), [](const GoldenRun& a, const GoldenRun& b) { return a.name < b.name; });
  return runs;
}

Expected::Expected(const std::filesystem::path& golden, const GoldenRun& run)
    : drops_(run.state.policy != "full"),
      nll_(read_npy<float>(golden / run.folder / (run.name + ".nll.npy"))) {
  if (!drops_) return;
  const auto file = [&](const std::string& suffix) { return golden / run.folder / (run.name + suffix); };
  victims_ = read_npy<std::int32_t>(file(".victims.npy"));
  kept_ = read_npy<std::int32_t>(file(".kept.npy"));
  if (run.prompt_tokens > 0) kept_prompt_ = read_npy<std::int32_t>(file(".kept_prompt.npy"));
  if (std::filesystem::exists(file(".margin.npy"))) margins_ = read_npy<Half>(file(".margin.npy"));
  if (run.folder != "positions") return;
  std::ifstream table(golden / "positions" / "near_ties.tsv");
  std::string name;
  std::getline(table, name);  // the head of the table
  for (NearTie tie{}; table >> name >> tie.layer >> tie.set >> tie.step >> tie.margin;) {
    if (name == run.name) near_ties_.push_back(tie);
  }
}

std::int32_t Expected::victim(std::int64_t layer, std::int64_t set, std::int64_t step) const {
  if (!drops_) return -1;
  return victims_.values[row_of(victims_.shape, layer, set) * victims_.shape.back() + step];
}

std::vector<std::int32_t> Expected::kept(std::int64_t layer, std::int64_t set) const {
  return kept_row(kept_, layer, set);
}

std::vector<std::int32_t> Expected::kept_prompt(std::int64_t layer, std::int64_t set) const {
  return kept_row(kept_prompt_, layer, set);
}

float Expected::margin(std::int64_t layer, std::int64_t set, std::int64_t step) const {
  if (!margins_.values.empty()) {
    return to_float(margins_.values[row_of(margins_.shape, layer, set) * margins_.shape.back() + step]);
  }
  for (const NearTie& tie : near_ties_) {
    if (tie.layer == layer && tie.set == set && tie.step == step) return tie.margin;
  }
  return std::numeric_limits<float>::infinity();
}

VictimComparison compare_victims(const Trace& trace, const Expected& expected) {
  VictimComparison result;
  std::int64_t comparable = trace.tokens;  // steps that no accepted difference of an earlier layer reaches
  for (std::int64_t layer = 0; layer < trace.layers; ++layer) {
    std::int64_t layer_diverged = comparable;
    for (std::int64_t set = 0; set < trace.lanes; ++set) {
      const std::int32_t* found = trace.victims.data() + (layer * trace.lanes + set) * trace.tokens;
      std::int64_t step = 0;
      while (step < comparable && found[step] == expected.victim(layer, set, step)) ++step;
      result.diverged.push_back(step);
      layer_diverged = std::min(layer_diverged, step + 1);
      if (step == comparable) continue;
      const float margin = expected.margin(layer, set, step);
      if (!(margin < kNearTie)) {
        result.failure = fmt::format("layer {} set {} step {}: dropped {}, expected {}, margin {:.2e}", layer,
                                     set, step, found[step], expected.victim(layer, set, step), margin);
        return result;
      }
      ++result.near_ties;
    }
    comparable = std::min(comparable, layer_diverged);
  }
  return result;
}

}  // namespace msrnn::testing
