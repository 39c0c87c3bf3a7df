#include "eval/metrics/predictions.h"

#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/fail.h"
#include "base/mapped_file.h"
#include "base/utf8.h"
#include "eval/json_rows.h"
#include "eval/result_file.h"
#include "eval/settings.h"

namespace msrnn {
namespace {

using std::filesystem::path;

struct Entry {
  std::string id;
  std::vector<std::string> texts;
  std::string document;  // empty: of its own
};

// Called with where the entry stands, for errors.
using EntrySink = std::function<void(Entry, std::string_view source)>;

void read_lines(const path& file, const EntrySink& sink) {
  for_each_line(file, [&](std::string_view line, std::int64_t number) {
    const std::string source = fmt::format("{}: line {}", file.string(), number);
    if (const std::size_t valid = valid_utf8_prefix(line); valid < line.size()) {
      fail("{}: byte {} is not UTF-8", source, valid + 1);
    }
    sink({std::to_string(number), {std::string(line)}, {}}, source);
  });
}

std::string id_of(const JsonObject& row, std::int64_t number) {
  const nlohmann::json* id = row.find("id");
  if (id == nullptr) return std::to_string(number);
  return id->is_number_integer() ? id->dump() : row.text("id");
}

std::vector<std::string> texts_of(const JsonObject& row, std::string_view key) {
  const nlohmann::json* value = row.find(key);
  if (value != nullptr && value->is_string()) return {value->get<std::string>()};
  return row.texts(key);
}

void read_object(const path& file, const EntrySink& sink) {
  const MappedFile content(file);
  const std::string_view text(reinterpret_cast<const char*>(content.bytes().data()), content.bytes().size());
  const nlohmann::json object = parse_json_object(text, file.string());
  const JsonObject entries(object, file.native());
  for (const auto& [id, value] : object.items()) sink({id, texts_of(entries, id), {}}, file.native());
}

// texts: what a row of JSON says.
void read_entries(const path& file, const std::function<std::vector<std::string>(const JsonObject&)>& texts,
                  const EntrySink& sink) {
  if (file.extension() == ".json") return read_object(file, sink);
  if (file.extension() != ".jsonl") return read_lines(file, sink);
  std::int64_t number = 0;
  for_each_row(file, [&](const JsonObject& row) {
    sink({id_of(row, ++number), texts(row), row.text_or("doc_id", "")}, row.source());
  });
}

// Of results of `eval tasks`: the answers that are of the key's task and state.
void read_answers(const path& file, const std::string& key, const EntrySink& sink) {
  const Results results = read_results(file);
  std::set<std::string> all, chosen;  // tasks and states, "qasper/tova/512"
  std::vector<Entry> entries;
  try {
    for (const nlohmann::ordered_json& line : results.results) {
      if (!line.contains("prediction")) continue;  // a summary
      const std::string state = read_setting(line).key();
      const std::string cell = line.at("task").get<std::string>() + "/" + state;
      all.insert(cell);
      if (!key.empty() && key != state && key != cell) continue;
      chosen.insert(cell);
      entries.push_back({line.at("id").get<std::string>(),
                         {line.at("prediction").get<std::string>()},
                         line.at("document").dump()});
    }
  } catch (const nlohmann::ordered_json::exception& error) {
    fail("{}: expected results of 'eval tasks': {}", file.string(), error.what());
  }
  if (all.empty()) fail("{}: holds no predictions", file.string());
  if (chosen.empty()) {
    fail_usage("{}: has no answers of {}; there are: {}", file.string(), key, fmt::join(all, ", "));
  }
  if (chosen.size() > 1) {
    fail_usage("{}: has answers of several states; name one as the key: {}", file.string(),
               fmt::join(chosen, ", "));
  }
  for (Entry& entry : entries) sink(std::move(entry), file.native());
}

struct References {
  std::vector<std::string> texts;
  std::string document;
  bool used = false;
};

std::map<std::string, References> read_references(const path& file) {
  std::map<std::string, References> references;
  const auto texts = [](const JsonObject& row) {
    return row.has("answer") ? texts_of(row, "answer") : row.texts("answers");
  };
  read_entries(file, texts, [&](Entry entry, std::string_view source) {
    if (entry.texts.empty()) fail("{}: expected at least one reference, found none", source);
    References& known = references[entry.id];
    std::move(entry.texts.begin(), entry.texts.end(), std::back_inserter(known.texts));
    known.document = std::move(entry.document);
  });
  return references;
}

}  // namespace

std::vector<Prediction> read_predictions(const path& predictions, const path& references,
                                         const std::string& key) {
  std::map<std::string, References> expected = read_references(references);
  std::map<std::string, std::int32_t> groups;
  std::vector<Prediction> found;
  const auto add = [&](Entry entry, std::string_view source) {
    if (entry.texts.size() != 1)
      fail("{}: {}: expected one text, found {}", source, entry.id, entry.texts.size());
    const auto known = expected.find(entry.id);
    if (known == expected.end()) fail("{}: {} has no {}", source, references.string(), entry.id);
    if (std::exchange(known->second.used, true)) fail("{}: {} is there already", source, entry.id);
    // Ids and documents are kept apart: one may be called like the other.
    const std::string& document = known->second.document.empty() ? entry.document : known->second.document;
    const std::string group = document.empty() ? "id " + entry.id : "document " + document;
    const auto number = static_cast<std::int32_t>(groups.size());
    found.push_back({entry.id, std::move(entry.texts.front()), known->second.texts,
                     groups.try_emplace(group, number).first->second});
  };
  if (holds_results(predictions)) {
    read_answers(predictions, key, add);
  } else if (key.empty()) {
    read_entries(
        predictions, [](const JsonObject& row) { return std::vector{row.text("prediction")}; }, add);
  } else {
    fail_usage("{}: holds no results, in which {} could be chosen", predictions.string(), key);
  }
  for (const auto& [id, one] : expected) {
    if (!one.used) fail("{}: no prediction for {} of {}", predictions.string(), id, references.string());
  }
  if (found.empty()) fail("{}: holds no predictions", predictions.string());
  return found;
}

}  // namespace msrnn
