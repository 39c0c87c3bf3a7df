// Results of an experiment, one JSON object a line, in a file that survives being killed at any moment.
//
// The first line says what the run is, {"run": {…}}: everything results depend on (experiment, version,
// model, data, options), so that a file is never continued with other results. Every other line is one
// result,
// {"key": "…", …}. Results hold nothing that changes from run to run (no times, no order of work), so a run
// that was killed and continued gives the lines of one that was not, in some order.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace msrnn {

struct Results {
  nlohmann::ordered_json run;
  std::vector<nlohmann::ordered_json> results;  // in the order of the file, each with its "key"
};

// The whole file; a last line that was cut off is left out. Throws Error naming the line that is wrong.
Results read_results(const std::filesystem::path& path);

// Whether the file can be read and begins as results do.
bool holds_results(const std::filesystem::path& path);

class ResultFile {
 public:
  // Begins the file, or goes on with it: a last line that was cut off is removed. Throws UsageError where the
  // file holds another run, naming what differs; Error where it cannot be read, written or locked because
  // another process writes it.
  ResultFile(std::filesystem::path path, nlohmann::ordered_json run);
  ~ResultFile();
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;

  // The result of that key, if it was ever added; valid until this object goes.
  const nlohmann::ordered_json* find(const std::string& key) const;
  // Writes one line, on disk when this returns. Throws Error (disk full) and leaves nothing of the line; the
  // results before it stay. A key is added once.
  void add(const std::string& key, const nlohmann::ordered_json& result);
  // Of the results so far.
  std::size_t size() const { return results_.size(); }

 private:
  void append(const nlohmann::ordered_json& line);

  std::filesystem::path path_;
  int fd_ = -1;
  std::map<std::string, nlohmann::ordered_json> results_;
};

}  // namespace msrnn
