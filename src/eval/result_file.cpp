#include "eval/result_file.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/fail.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBeginning = R"({"run":)";

std::string read_all(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) fail("{}: is a folder", path.string());
  std::ifstream in(path, std::ios::binary);
  if (!in) fail("{}: cannot be read: {}", path.string(), std::strerror(errno));
  return {std::istreambuf_iterator<char>(in), {}};
}

Json parse_line(const std::filesystem::path& path, std::size_t number, const std::string& line) {
  // What is written out again, or compared, is walked through by functions that call themselves.
  constexpr int kMostDepth = 64;
  const auto check_depth = [&](int depth, Json::parse_event_t, const Json&) {
    if (depth > kMostDepth) {
      fail("{}: line {}: nested deeper than {} levels", path.string(), number, kMostDepth);
    }
    return true;
  };
  Json object = Json::parse(line, check_depth, false);
  const char* wanted = number == 1 ? "run" : "key";
  if (!object.is_object() || !object.contains(wanted)) {
    fail("{}: line {}: expected a JSON object with \"{}\"", path.string(), number, wanted);
  }
  if (number > 1 && !object["key"].is_string()) {
    fail("{}: line {}: expected a text as \"key\"", path.string(), number);
  }
  return object;
}

// Of the content, whole lines only; `whole` is their size in bytes.
Results parse(const std::filesystem::path& path, const std::string& content, std::size_t& whole) {
  Results results;
  std::size_t number = 0;
  whole = 0;
  for (std::size_t end; (end = content.find('\n', whole)) != std::string::npos; whole = end + 1) {
    Json object = parse_line(path, ++number, content.substr(whole, end - whole));
    if (number == 1) {
      results.run = std::move(object["run"]);
    } else {
      results.results.push_back(std::move(object));
    }
  }
  return results;
}

// Where two runs differ first: "options.context: 4096 in the file, 512 now".
std::optional<std::string> difference(const Json& found, const Json& wanted, const std::string& place = {}) {
  if (found == wanted) return std::nullopt;
  if (!found.is_object() || !wanted.is_object()) {
    return fmt::format("{}: {} in the file, {} now", place, found.dump(), wanted.dump());
  }
  const auto at = [&](const std::string& name) { return place.empty() ? name : place + "." + name; };
  for (const auto& [name, value] : wanted.items()) {
    if (!found.contains(name)) return at(name) + ": not in the file";
    if (auto inner = difference(found[name], value, at(name))) return inner;
  }
  for (const auto& [name, value] : found.items()) {
    if (!wanted.contains(name)) return at(name) + ": only in the file";
  }
  return std::nullopt;
}

}  // namespace

Results read_results(const std::filesystem::path& path) {
  std::size_t whole = 0;
  Results results = parse(path, read_all(path), whole);
  if (results.run.is_null()) fail("{}: holds no results", path.string());
  return results;
}

bool holds_results(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string beginning(kBeginning.size(), '\0');
  in.read(beginning.data(), std::ssize(beginning));
  return in.good() && beginning == kBeginning;
}

ResultFile::ResultFile(std::filesystem::path path, Json run) : path_(std::move(path)) {
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) fail("{}: cannot be written: {}", path_.string(), std::strerror(errno));
  try {
    struct stat status {};
    if (::fstat(fd_, &status) != 0 || !S_ISREG(status.st_mode))
      fail("{}: not a regular file", path_.string());
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) fail("{}: another process is writing it", path_.string());
    const std::string content = read_all(path_);
    std::size_t whole = 0;
    Results old = parse(path_, content, whole);
    // What is cut off is the line that was being written. Text without any whole line may be anything else.
    if (whole == 0 && content.compare(0, kBeginning.size(), kBeginning, 0, content.size()) != 0) {
      fail("{}: is there already and holds no results", path_.string());
    }
    if (whole < content.size() && ::ftruncate(fd_, static_cast<off_t>(whole)) != 0) {
      fail("{}: cannot be shortened: {}", path_.string(), std::strerror(errno));
    }
    if (old.run.is_null()) {
      append({{"run", run}});
    } else if (const auto other = difference(old.run, run)) {
      fail_usage("{}: holds the results of another run ({}); name another file", path_.string(), *other);
    }
    for (Json& result : old.results) {
      std::string key = result["key"].get<std::string>();
      results_.insert_or_assign(std::move(key), std::move(result));
    }
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

ResultFile::~ResultFile() { ::close(fd_); }

const Json* ResultFile::find(const std::string& key) const {
  const auto found = results_.find(key);
  return found == results_.end() ? nullptr : &found->second;
}

void ResultFile::add(const std::string& key, const Json& result) {
  if (results_.contains(key)) fail("{}: the result {} is there already", path_.string(), key);
  Json line = {{"key", key}};
  line.update(result);
  append(line);
  results_.emplace(key, std::move(line));
}

void ResultFile::append(const Json& line) {
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const off_t before = ::lseek(fd_, 0, SEEK_END);
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = ::write(fd_, text.data() + written, text.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    written += static_cast<std::size_t>(n);
  }
  if (written == text.size() && ::fdatasync(fd_) == 0) return;
  const int reason = errno;
  [[maybe_unused]] const int ignored = ::ftruncate(fd_, before);
  fail("{}: cannot be written: {}", path_.string(), std::strerror(reason));
}

}  // namespace msrnn
