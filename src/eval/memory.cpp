#include "eval/memory.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "base/fail.h"
#include "eval/bootstrap.h"
#include "eval/full_attention.h"
#include "eval/interval_json.h"
#include "eval/kept_tokens.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

struct MemoryStopped {};

// Digits that mean something, in the long lists.
double rounded(double value) { return std::round(value * 1e5) / 1e5; }

template <class Values>
Json mean_or_null(const Values& values) {
  if (values.empty()) return nullptr;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Json rounded_list(std::span<const double> values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(rounded(value));
  return list;
}

// Means of `every` steps each; the last may be of fewer.
Json series(std::span<const double> steps, std::int64_t every) {
  Json means = Json::array();
  for (; !steps.empty(); steps = steps.subspan(std::min(steps.size(), static_cast<std::size_t>(every)))) {
    const auto some = steps.first(std::min(steps.size(), static_cast<std::size_t>(every)));
    means.push_back(rounded(mean_or_null(some).get<double>()));
  }
  return means;
}

// [layers][lanes][tokens]
Json fates(const KeptTokens& kept) {
  Json layers = Json::array();
  for (std::int64_t i = 0; i < kept.sets(); ++i) {
    if (i % kept.lanes == 0) layers.push_back(Json::array());
    Json steps = Json::array();
    for (const std::int32_t step : kept.set(i)) steps.push_back(step == KeptTokens::kNever ? -1 : step);
    layers.back().push_back(std::move(steps));
  }
  return layers;
}

std::optional<KeptTokens> read_fates(const Json& line, std::int64_t tokens) {
  if (!line.contains("dropped_at")) return std::nullopt;
  const Json& layers = line["dropped_at"];
  KeptTokens kept{tokens, std::ssize(layers), std::ssize(layers.at(0)), {}};
  for (const Json& layer : layers) {
    for (const Json& lane : layer) {
      for (const std::int32_t step : lane) kept.dropped_at.push_back(step < 0 ? KeptTokens::kNever : step);
    }
  }
  if (std::ssize(kept.dropped_at) != kept.sets() * tokens) return std::nullopt;
  return kept;
}

struct TagSurvival {
  std::int64_t tokens = 0;
  double steps = 0;  // of all of them together
};
using SurvivalByTag = std::map<std::string, TagSurvival>;

Json to_json(const SurvivalByTag& by_tag) {
  Json object = Json::object();
  for (const auto& [tag, survival] : by_tag) {
    object[tag] = {{"tokens", survival.tokens},
                   {"steps", survival.steps / static_cast<double>(survival.tokens)}};
  }
  return object;
}

SurvivalByTag survival_by_tag(std::span<const std::string> tags, std::span<const double> steps) {
  SurvivalByTag by_tag;
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (tags[i].empty()) continue;
    TagSurvival& survival = by_tag[tags[i]];
    ++survival.tokens;
    survival.steps += steps[i];
  }
  return by_tag;
}

class MemoryRun {
 public:
  MemoryRun(const Engine& engine, std::span<const WatchedText> texts, const MemoryOptions& options,
            ResultFile& results)
      : engine_(engine), texts_(texts), options_(options), results_(results) {}

  void run() {
    count_work();
    for (std::size_t i = 0; i < texts_.size(); ++i)
      watch(texts_[i], static_cast<std::int64_t>(i) < options_.maps);
    for (const Setting& setting : options_.settings) summarise(setting);
  }

 private:
  static std::string kept_key(const Setting& setting, const WatchedText& text) {
    return setting.key() + "/" + text.name;
  }
  static std::string lost_key(const Setting& setting, const WatchedText& text) {
    return "lost/" + kept_key(setting, text);
  }

  bool lacks_loss(const Setting& setting, const WatchedText& text) const {
    return options_.attention && results_.find(lost_key(setting, text)) == nullptr;
  }

  void count_work() {
    for (const WatchedText& text : texts_) {
      std::int64_t readings = 0;
      bool losses = false;
      for (const Setting& setting : options_.settings) {
        const Json* line = results_.find(kept_key(setting, text));
        const bool loss = lacks_loss(setting, text);
        if (line == nullptr || (loss && !line->contains("dropped_at"))) ++readings;
        losses = losses || loss;
      }
      total_ += (readings + (losses ? 1 : 0)) * std::ssize(text.tokens);
    }
  }

  void report(std::int64_t done, const std::string& what) const {
    if (options_.progress && !options_.progress({done_ + done, total_, what})) throw MemoryStopped();
  }

  KeptTokens read(const Setting& setting, const WatchedText& text) {
    KeptTokens kept = read_and_watch(engine_.model, setting.state(options_.state), text.tokens,
                                     {options_.block, [&](std::int64_t done, std::int64_t) {
                                        report(done, setting.key() + " of " + text.name);
                                      }});
    done_ += kept.tokens;
    return kept;
  }

  void watch(const WatchedText& text, bool mapped) {
    if (mapped) add_text(text);
    std::vector<Setting> settings;
    std::vector<KeptTokens> of_settings;
    for (const Setting& setting : options_.settings) {
      const Json* line = results_.find(kept_key(setting, text));
      if (line != nullptr && !lacks_loss(setting, text)) continue;
      std::optional<KeptTokens> kept;
      if (line != nullptr) kept = read_fates(*line, std::ssize(text.tokens));
      if (!kept) kept = read(setting, text);
      if (line == nullptr) add_kept(setting, text, *kept, mapped);
      if (!lacks_loss(setting, text)) continue;
      settings.push_back(setting);
      of_settings.push_back(std::move(*kept));
    }
    if (!settings.empty()) add_losses(settings, text, of_settings);
  }

  void add_text(const WatchedText& text) {
    const std::string key = "text/" + text.name;
    if (results_.find(key) != nullptr) return;
    Json line = {{"tokens", text.tokens.size()}, {"pieces", Json::array()}};
    for (const Token token : text.tokens) line["pieces"].push_back(engine_.tokenizer.piece(token));
    if (!text.tags.empty()) line["tags"] = text.tags;
    results_.add(key, line);
  }

  void add_kept(const Setting& setting, const WatchedText& text, const KeptTokens& kept, bool mapped) {
    const std::int64_t size = setting.size > 0 ? setting.size : kept.tokens;
    const std::vector<double> steps = survival(kept), recent = recent_share(kept, size);
    const std::vector<double> recent_end = final_recent_share(kept, size);
    const auto dropping = std::span(recent).subspan(static_cast<std::size_t>(std::min(size, kept.tokens)));
    Json line;
    write_setting(line, setting);
    line["text"] = text.name;
    line["tokens"] = kept.tokens;
    line["recent_share"] = mean_or_null(dropping);
    line["recent_share_end"] = dropping.empty() ? Json(nullptr) : mean_or_null(recent_end);
    line["first_token_kept"] = mean_or_null(first_token_kept(kept));
    line["survival"] = mean_or_null(steps);
    if (!text.tags.empty()) line["survival_by_tag"] = to_json(survival_by_tag(text.tags, steps));
    line["recent_share_end_by_layer"] = rounded_list(recent_end);
    line["recent_share_series"] = series(recent, options_.every);
    if (mapped) {
      line["survival_by_token"] = rounded_list(steps);
      line["dropped_at"] = fates(kept);
    }
    results_.add(kept_key(setting, text), line);
  }

  void add_losses(std::span<const Setting> settings, const WatchedText& text,
                  std::span<const KeptTokens> kept) {
    const auto losses = attention_lost(
        engine_.model, text.tokens, kept,
        {options_.block, options_.state.type,
         [&](std::int64_t done, std::int64_t) { report(done, "full attention of " + text.name); }});
    done_ += std::ssize(text.tokens);
    for (std::size_t i = 0; i < settings.size(); ++i) add_loss(settings[i], text, losses[i]);
  }

  // loss: [layers][tokens]
  void add_loss(const Setting& setting, const WatchedText& text, std::span<const float> loss) {
    const std::size_t n = text.tokens.size();
    // A token dropped in step `size` is missed from the next one on.
    const std::size_t begin = setting.size > 0 ? std::min(n, static_cast<std::size_t>(setting.size) + 1) : n;
    const auto layers = static_cast<std::size_t>(engine_.model.config().n_layers);
    std::vector<double> steps(n), by_layer;
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const auto row = loss.subspan(layer * n, n);
      for (std::size_t step = 0; step < n; ++step) {
        steps[step] += static_cast<double>(row[step]) / static_cast<double>(layers);
      }
      if (begin < n) by_layer.push_back(mean_or_null(row.subspan(begin)).get<double>());
    }
    Json line;
    write_setting(line, setting);
    line["text"] = text.name;
    line["mean"] = mean_or_null(by_layer);
    line["by_layer"] = rounded_list(by_layer);
    line["series"] = series(steps, options_.every);
    results_.add(lost_key(setting, text), line);
  }

  // Of one number in the line of every text.
  Json over_texts(const std::function<std::string(const WatchedText&)>& key, const char* measure) const {
    std::vector<double> values;
    for (const WatchedText& text : texts_) {
      const Json& value = (*results_.find(key(text)))[measure];
      if (!value.is_null()) values.push_back(value.get<double>());
    }
    Json object = {{"mean", mean_or_null(values)}};
    write_interval(object, bootstrap_mean(values));
    return object;
  }

  Json tags_over_texts(const Setting& setting) const {
    SurvivalByTag all;
    for (const WatchedText& text : texts_) {
      const Json* line = results_.find(kept_key(setting, text));
      if (!line->contains("survival_by_tag")) continue;
      for (const auto& [tag, of_text] : (*line)["survival_by_tag"].items()) {
        const auto tokens = of_text["tokens"].get<std::int64_t>();
        all[tag].tokens += tokens;
        all[tag].steps += static_cast<double>(tokens) * of_text["steps"].get<double>();
      }
    }
    return to_json(all);
  }

  void summarise(const Setting& setting) {
    const std::string key = setting.summary_key();
    if (results_.find(key) != nullptr) return;
    const auto kept = [&](const WatchedText& text) { return kept_key(setting, text); };
    Json line;
    write_setting(line, setting);
    line["texts"] = texts_.size();
    for (const char* measure : {"recent_share", "recent_share_end", "first_token_kept", "survival"}) {
      line[measure] = over_texts(kept, measure);
    }
    if (options_.attention) {
      line["attention_lost"] =
          over_texts([&](const WatchedText& text) { return lost_key(setting, text); }, "mean");
    }
    if (Json tags = tags_over_texts(setting); !tags.empty()) line["survival_by_tag"] = std::move(tags);
    results_.add(key, line);
  }

  const Engine& engine_;
  std::span<const WatchedText> texts_;
  const MemoryOptions& options_;
  ResultFile& results_;
  std::int64_t done_ = 0, total_ = 0;
};

}  // namespace

void check_memory(const Engine& engine, const MemoryOptions& options) {
  if (options.every < 1) fail_usage("a series has a value for at least 1 step, found {}", options.every);
  if (options.maps < 0) fail_usage("maps of {} texts: expected 0 or more", options.maps);
  for (const Setting& setting : options.settings) MultiState(engine.model, setting.state(options.state));
}

bool run_memory(const Engine& engine, std::span<const WatchedText> texts, const MemoryOptions& options,
                ResultFile& results) {
  if (texts.empty()) fail_usage("expected at least one text, found none");
  check_memory(engine, options);
  try {
    MemoryRun(engine, texts, options, results).run();
    return true;
  } catch (const MemoryStopped&) {
    return false;
  }
}

}  // namespace msrnn
