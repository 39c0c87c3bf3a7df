#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <string_view>

#include "base/fail.h"
#include "eval/report/experiments.h"

namespace msrnn::reporting {
namespace {

using Json = nlohmann::ordered_json;

struct Experiment {
  std::string_view name, title;
  void (*add)(const RunResults&, Section&) = nullptr;
  void (*add_joined)(std::span<const RunResults>, Section&) = nullptr;  // instead: all files in one section
};

constexpr std::array kExperiments = {
    Experiment{"lm", "Language modelling", add_lm},
    Experiment{"lm-stream", "Long streams", add_lm_stream},
    Experiment{"tasks", "Long-range understanding", add_tasks},
    Experiment{"stories", "Long stories", add_stories},
    Experiment{"judge", "Stories, judged in pairs", nullptr, add_judge},
    Experiment{"throughput", "Throughput", add_throughput},
    Experiment{"memory", "What the state remembers", add_memory},
    Experiment{"retrieval", "Retrieval", add_retrieval},
};

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string in_words(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_structured()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string words;
  for (const auto& [name, inner] : value.items()) {
    if (!words.empty()) words += ", ";
    if (value.is_object()) words += fmt::format("{} ", name);
    words += in_words(inner);
  }
  return words;
}

// "options.context: 4096", one for each value that is neither an object nor a list of objects.
void append_facts(Facts& facts, const std::string& name, const Json& value) {
  constexpr std::size_t kMostOfAList = 12;
  if (value.is_object()) {
    for (const auto& [inner, of_inner] : value.items()) {
      append_facts(facts, name.empty() ? inner : fmt::format("{}.{}", name, inner), of_inner);
    }
  } else if (value.is_array() && !value.empty() && value[0].is_object()) {
    for (std::size_t i = 0; i < std::min(value.size(), kMostOfAList); ++i) {
      facts.emplace_back(fmt::format("{} {}", name, i + 1), in_words(value[i]));
    }
    if (value.size() > kMostOfAList) {
      facts.emplace_back(name, fmt::format("and {} more", value.size() - kMostOfAList));
    }
  } else {
    facts.emplace_back(name, in_words(value));
  }
}

std::string text_at(const Json& object, const std::string& name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string model_of(const Json& run) {
  return run.is_object() && run.contains("model") ? text_at(run["model"], "name") : std::string();
}

RunResults with_fields(const NamedResults& file) {
  RunResults results{.run = Fields(file.name + ": the run", file.results.run), .lines = {}};
  for (const Json& line : file.results.results) {
    results.lines.emplace_back(fmt::format("{}: result {}", file.name, line["key"].dump()), line);
  }
  return results;
}

bool is_empty(const Section& section) {
  return section.figures.empty() && section.heat_maps.empty() && section.kept_maps.empty() &&
         section.tables.empty();
}

const Experiment* experiment_of(const NamedResults& file) {
  const auto* known =
      std::ranges::find(kExperiments, text_at(file.results.run, "experiment"), &Experiment::name);
  return known == kExperiments.end() ? nullptr : known;
}

void check(const NamedResults& file) {
  if (!file.results.run.is_object()) fail("{}: line 1: expected an object as \"run\"", file.name);
  if (file.results.results.empty()) fail("{}: holds a run without any result", file.name);
}

// One file, or some that are shown together.
Section section_of(std::span<const NamedResults> files, const Experiment* known) {
  const NamedResults& first = files.front();
  const std::string name = text_at(first.results.run, "experiment");
  Section section;
  section.title = known != nullptr ? std::string(known->title) : name.empty() ? first.name : name;
  std::vector<RunResults> runs;
  for (const NamedResults& file : files) {
    append_facts(section.facts, files.size() == 1 ? "" : file.name, file.results.run);
    runs.push_back(with_fields(file));
  }
  if (known != nullptr && known->add != nullptr) known->add(runs.front(), section);
  if (known != nullptr && known->add_joined != nullptr) known->add_joined(runs, section);
  if (is_empty(section)) {
    if (known != nullptr)
      section.lead = "This run was stopped before its summary: these are the results so far.";
    for (const RunResults& run : runs) add_lines(run, section);
  }
  return section;
}

std::vector<std::string> models_of(std::span<const NamedResults> files) {
  std::vector<std::string> models;
  for (const NamedResults& file : files) {
    const std::string model = model_of(file.results.run);
    if (!model.empty() && std::ranges::find(models, model) == models.end()) models.push_back(model);
  }
  return models;
}

// Each file alone, but for those that are shown together, which stand where their first one is.
std::vector<std::vector<NamedResults>> grouped(std::span<const NamedResults> files) {
  std::vector<std::vector<NamedResults>> groups;
  for (const NamedResults& file : files) {
    const Experiment* known = experiment_of(file);
    auto group = groups.end();
    if (known != nullptr && known->add_joined != nullptr) {
      group =
          std::ranges::find_if(groups, [&](const auto& other) { return experiment_of(other[0]) == known; });
    }
    if (group == groups.end()) group = groups.emplace(groups.end());
    group->push_back(file);
  }
  return groups;
}

}  // namespace

std::vector<Fields> RunResults::of(const std::string& prefix) const {
  std::vector<Fields> found;
  for (const Fields& line : lines) {
    if (line.text("key").starts_with(prefix)) found.push_back(line);
  }
  return found;
}

Report build_report(std::span<const NamedResults> files) {
  if (files.empty()) fail("a report needs results");
  for (const NamedResults& file : files) check(file);
  const std::vector<std::string> models = models_of(files);
  Report report{.title = "Bounded states"};
  if (models.size() == 1) report.title += " of " + models.front();
  std::vector<std::string> titles;
  for (const std::vector<NamedResults>& together : grouped(files)) {
    const NamedResults& first = together.front();
    Section section = section_of(together, experiment_of(first));
    const std::string model = model_of(first.results.run);
    if (models.size() > 1 && !model.empty()) section.title += " \u00B7 " + model;
    // Runs of the same experiment, with other options.
    const std::string title = section.title;
    if (std::ranges::find(titles, title) != titles.end()) {
      section.title += " \u00B7 " + std::filesystem::path(first.name).filename().string();
    }
    titles.push_back(title);
    report.sections.push_back(std::move(section));
  }
  return report;
}

std::string colour_of(const std::string& policy) {
  constexpr std::array<std::string_view, 9> kNamed = {
      "tova", "tova-head", "h2o", "h2o-layer", "decayed", "window", "full", "window+4", "baseline"};
  if (std::ranges::find(kNamed, policy) != kNamed.end()) {
    return policy == "window+4" ? "window-4" : policy;
  }
  if (policy.starts_with("window+")) return "window-n";
  if (policy.starts_with("tova+")) return "tova-n";
  return "other";
}

}  // namespace msrnn::reporting
