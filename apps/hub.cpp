#include "hub.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

#include "base/atomic_file.h"
#include "base/fail.h"
#include "base/mapped_file.h"
#include "formats/safetensors.h"
#include "http.h"
#include "hub_listing.h"
#include "interrupt.h"
#include "progress.h"
#include "sha256.h"

namespace msrnn {
namespace {

constexpr int kAttempts = 6;  // of a request that gets no answer, or is cut off

std::string environment(const char* name, std::string fallback) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? std::move(fallback) : value;
}

bool worth_another_try(const HttpResponse& response) {
  const bool cut_off = response.status == 0 || (!response.problem.empty() && response.status < 300);
  return !response.stopped && (cut_off || response.status == 429 || response.status >= 500);
}

// Why a request failed, in the words of someone who asked for a model.
std::string reason(const HttpResponse& response) {
  if (response.status == 401 || response.status == 403) {
    return fmt::format(
        "the hub refuses access ({}): the model does not exist, or HF_TOKEN has to be a token that may "
        "read it",
        response.status);
  }
  if (response.status == 404) return "the hub has no such model or file (404)";
  if (response.status >= 400) return fmt::format("the hub answers with status {}", response.status);
  return response.problem;
}

class Hub {
 public:
  Hub(const HubName& name, std::filesystem::path cache)
      : name_(name),
        cache_(std::move(cache)),
        endpoint_(environment("HF_ENDPOINT", "https://huggingface.co")),
        http_(environment("HF_TOKEN", ""), interrupt_.requested()) {
    while (endpoint_.ends_with('/')) endpoint_.pop_back();
  }

  std::filesystem::path fetch() {
    std::error_code error;
    std::filesystem::create_directories(cache_, error);
    if (error) fail("cannot make the folder {}: {}", cache_.string(), error.message());
    const HubListing listing = list();
    std::vector<std::string> names;
    for (const HubFile& file : listing.files) names.push_back(file.name);
    const std::vector<std::string> chosen = choose_files(name_, names);
    const std::filesystem::path folder = cache_ / listing.commit;
    const auto fetch_all = [&](const std::vector<std::string>& wanted) {
      for (const std::string& name : wanted) {
        const auto file = std::ranges::find(listing.files, name, &HubFile::name);
        if (file == listing.files.end())
          fail("{}: {} is missing, another part of the model", name_.repository, name);
        fetch_file(*file, listing.commit, folder);
      }
    };
    fetch_all(chosen);
    if (chosen.back() == kShardIndex) fetch_all(shards_of_index(folder / kShardIndex));
    return chosen.front() == "config.json" ? folder : folder / chosen.front();
  }

 private:
  // The listing is kept, and serves where the hub cannot be reached.
  HubListing list() {
    const std::string url =
        fmt::format("{}/api/models/{}?blobs=true", endpoint_, url_escaped(name_.repository));
    const std::filesystem::path kept = cache_ / "listing.json";
    const HttpResponse response = attempt([&](int&) { return http_.get(url); });
    if (response.ok()) {
      HubListing listing = parse_hub_listing(response.body, url);
      AtomicFile file(kept);
      file.write(response.body);
      file.commit();
      return listing;
    }
    std::error_code ignored;
    const bool hub_is_down = response.status == 0 || response.status >= 500;
    if (!hub_is_down || !std::filesystem::exists(kept, ignored)) fail("{}: {}", url, reason(response));
    fmt::print(stderr, "msrnn: {}: {}; using what was fetched before\n", url, reason(response));
    const MappedFile file(kept);
    return parse_hub_listing({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()},
                             kept.string());
  }

  // Asks again, after growing pauses, where that may help. The request may set the count of its tries back.
  template <class Request>
  HttpResponse attempt(Request request) {
    for (int tries = 1;; ++tries) {
      HttpResponse response = request(tries);
      if (response.stopped || interrupt_.requested()) throw CLI::RuntimeError(kInterrupted);
      if (!worth_another_try(response) || tries >= kAttempts) return response;
      if (tries > 0) pause(std::chrono::milliseconds(100) * (1 << tries));
    }
  }

  void pause(std::chrono::milliseconds time) const {
    constexpr std::chrono::milliseconds kStep(50);
    for (; time.count() > 0; time -= kStep) {
      if (interrupt_.requested()) throw CLI::RuntimeError(kInterrupted);
      std::this_thread::sleep_for(kStep);
    }
  }

  void fetch_file(const HubFile& file, const std::string& commit, const std::filesystem::path& folder) {
    const std::filesystem::path target = folder / file.name;
    std::error_code ignored;
    if (std::filesystem::exists(target, ignored)) return;
    std::error_code error;
    std::filesystem::create_directories(target.parent_path(), error);
    if (error) fail("cannot make the folder {}: {}", target.parent_path().string(), error.message());
    const std::string url = fmt::format("{}/{}/resolve/{}/{}", endpoint_, url_escaped(name_.repository),
                                        commit, url_escaped(file.name));
    const std::filesystem::path part = target.string() + ".part";
    HubFile expected = file;
    download(url, part, expected);
    check(url, part, expected);
    std::filesystem::rename(part, target, error);
    if (error) fail("cannot rename {}: {}", part.string(), error.message());
  }

  // Until the part has all bytes. Adds to `expected` what only the answer says.
  void download(const std::string& url, const std::filesystem::path& part, HubFile& expected) {
    const auto close = [](std::FILE* f) { return std::fclose(f); };
    const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(part.c_str(), "ab"), close);
    if (file == nullptr) fail("cannot write {}: {}", part.string(), std::strerror(errno));
    if (::flock(::fileno(file.get()), LOCK_EX | LOCK_NB) != 0) {
      fail("{}: another process is fetching this file", part.string());
    }
    ProgressLine line("fetched", "MiB");
    const auto show = [&](std::int64_t bytes) {
      line.update(bytes >> 20, std::max(expected.bytes, bytes) >> 20, expected.name);
    };
    HttpResponse whole;
    whole.status = 200;
    auto furthest = static_cast<std::int64_t>(std::filesystem::file_size(part));
    const HttpResponse response = attempt([&](int& tries) {
      const auto offset = static_cast<std::int64_t>(std::filesystem::file_size(part));
      if (expected.bytes >= 0 && offset == expected.bytes) return whole;
      HttpResponse got = http_.download(url, file.get(), offset, show);
      learn(got, expected);
      const auto size = static_cast<std::int64_t>(std::filesystem::file_size(part));
      if (size > furthest) tries = 0;  // it gets on
      furthest = std::max(furthest, size);
      const bool too_short = got.ok() && expected.bytes >= 0 && size < expected.bytes;
      if (too_short) got.problem = fmt::format("the answer ends after {} of {} bytes", size, expected.bytes);
      if (got.status == 416) {  // the part does not go with the file: from the beginning
        std::filesystem::resize_file(part, 0);
        got.status = 0;
        got.problem = "the hub has less of the file than was fetched";
      }
      return got;
    });
    if (!response.ok()) {
      const bool empty = std::filesystem::file_size(part) == 0;
      if (empty) std::filesystem::remove(part);
      fail("{}: {}", url, reason(response));
    }
  }

  // The hub says a stored file's size and SHA-256 in headers of its own, before it redirects to the storage.
  static void learn(const HttpResponse& response, HubFile& expected) {
    const auto header = [&](const char* name) {
      const auto found = response.headers.find(name);
      std::string value = found == response.headers.end() ? "" : found->second;
      std::erase(value, '"');
      return value;
    };
    const std::string size = header("x-linked-size"), etag = header("x-linked-etag");
    const bool is_number =
        !size.empty() && size.size() < 19 && size.find_first_not_of("0123456789") == std::string::npos;
    if (expected.bytes < 0 && is_number) expected.bytes = std::stoll(size);
    if (expected.sha256.empty() && is_sha256(etag)) expected.sha256 = etag;
  }

  void check(const std::string& url, const std::filesystem::path& part, const HubFile& expected) {
    const auto size = static_cast<std::int64_t>(std::filesystem::file_size(part));
    const auto refuse = [&](const std::string& problem) {
      std::filesystem::remove(part);
      fail("{}: {}; what was fetched is removed", url, problem);
    };
    if (expected.bytes >= 0 && size != expected.bytes) {
      refuse(fmt::format("expected {} bytes, found {}", expected.bytes, size));
    }
    if (expected.sha256.empty()) return;
    const std::string found = sha256_of(part, interrupt_.requested());
    if (found.empty()) throw CLI::RuntimeError(kInterrupted);
    if (found != expected.sha256) {
      refuse(fmt::format("expected the SHA-256 {}, found {}", expected.sha256, found));
    }
  }

  HubName name_;
  std::filesystem::path cache_;
  std::string endpoint_;
  InterruptGuard interrupt_;
  HttpClient http_;
};

}  // namespace

HubName parse_hub_name(std::string_view text) {
  std::string_view rest = text;
  rest.remove_prefix(std::min(kHubPrefix.size(), rest.size()));
  const std::size_t colon = rest.find(':');
  HubName name{.repository = std::string(rest.substr(0, colon)),
               .file = colon == std::string_view::npos ? "" : std::string(rest.substr(colon + 1))};
  const bool two_parts = std::ranges::count(name.repository, '/') == 1;
  const bool valid = text.starts_with(kHubPrefix) && two_parts && is_safe_path(name.repository) &&
                     (colon == std::string_view::npos || is_safe_path(name.file));
  if (!valid) fail_usage("expected hf:ORG/NAME or hf:ORG/NAME:FILE, found '{}'", text);
  return name;
}

std::filesystem::path fetch_from_hub(const HubName& name, const std::filesystem::path& cache) {
  return Hub(name, cache / "hub" / name.repository).fetch();
}

}  // namespace msrnn
