#include <algorithm>
#include <array>
#include <string_view>

#include "base/fail.h"
#include "eval/report/experiments.h"

namespace msrnn::reporting {
namespace {

using Json = nlohmann::ordered_json;

struct Experiment {
  std::string_view name, title;
  void (*add)(const RunResults&, Section&);
};

constexpr std::array kExperiments = {
    Experiment{"lm", "Language modelling", add_lm},
    Experiment{"lm-stream", "Long streams", add_lm_stream},
    Experiment{"tasks", "Long-range understanding", add_tasks},
    Experiment{"stories", "Long stories", add_stories},
    Experiment{"judge", "Stories, judged in pairs", add_judge},
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
    if (value.is_object()) words += name + " ";
    words += in_words(inner);
  }
  return words;
}

// "options.context: 4096", one for each value that is neither an object nor a list of objects.
void append_facts(Facts& facts, const std::string& name, const Json& value) {
  constexpr std::size_t kMostOfAList = 12;
  if (value.is_object()) {
    for (const auto& [inner, of_inner] : value.items()) {
      append_facts(facts, name.empty() ? inner : name + "." + inner, of_inner);
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

Section section_of(const NamedResults& file) {
  const Json& run = file.results.run;
  if (!run.is_object()) fail("{}: line 1: expected an object as \"run\"", file.name);
  const std::string name = text_at(run, "experiment");
  const auto* known = std::ranges::find(kExperiments, name, &Experiment::name);
  Section section;
  section.title = known != kExperiments.end() ? std::string(known->title) : name.empty() ? file.name : name;
  if (const std::string model = model_of(run); !model.empty()) section.title += " \u00B7 " + model;
  append_facts(section.facts, "", run);
  const RunResults results = with_fields(file);
  if (known != kExperiments.end()) known->add(results, section);
  if (is_empty(section)) {
    if (known != kExperiments.end()) {
      section.lead = "This run was stopped before its summary: these are the results so far.";
    }
    add_lines(results, section);
  }
  return section;
}

// Of one model its name; of several, how many.
std::string title_of(std::span<const NamedResults> files) {
  std::vector<std::string> models;
  for (const NamedResults& file : files) {
    const std::string model = model_of(file.results.run);
    if (!model.empty() && std::ranges::find(models, model) == models.end()) models.push_back(model);
  }
  if (models.size() == 1) return "Bounded states of " + models[0];
  return "Bounded states" + (models.empty() ? std::string() : fmt::format(" of {} models", models.size()));
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
  Report report{.title = title_of(files)};
  for (const NamedResults& file : files) {
    if (file.results.results.empty()) fail("{}: holds a run without any result", file.name);
    report.sections.push_back(section_of(file));
  }
  if (report.sections.empty()) fail("a report needs results");
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
