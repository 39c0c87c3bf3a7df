#include "http.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <ctime>
#include <curl/curl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/fail.h"

namespace msrnn {
namespace {

constexpr std::size_t kLargestBody = 64u << 20;
constexpr long kConnectSeconds = 30, kStalledSeconds = 60;

// What the callbacks of one request share.
struct Transfer {
  CURL* handle = nullptr;
  const std::atomic<bool>* stop = nullptr;
  HttpResponse* response = nullptr;
  std::FILE* file = nullptr;  // null: into the response's body
  std::int64_t offset = 0;    // asked for
  std::int64_t written = 0;   // where the file stands
  bool begun = false;
  const std::function<void(std::int64_t)>* progress = nullptr;
  const std::string* json = nullptr;  // to be sent; null: nothing is
  double seconds = 0;                 // for all of it; 0: as long as it gets on

  long status() const {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
  }
};

std::size_t on_header(char* data, std::size_t size, std::size_t n, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * n);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size * n;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front())) != 0)
    value.remove_prefix(1);
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back())) != 0)
    value.remove_suffix(1);
  transfer.response->headers.insert_or_assign(std::move(name), std::string(value));
  return size * n;
}

// The body of an error is no part of a file.
bool begin_file(Transfer& transfer) {
  const long status = transfer.status();
  if (status == 206) {
    transfer.written = transfer.offset;
    const auto range = transfer.response->headers.find("content-range");
    return range != transfer.response->headers.end() &&
           range->second.starts_with(fmt::format("bytes {}-", transfer.offset));
  }
  transfer.written = 0;
  return ::ftruncate(::fileno(transfer.file), 0) == 0;
}

std::size_t on_body(char* data, std::size_t size, std::size_t n, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t bytes = size * n;
  if (transfer.file == nullptr) {
    if (transfer.response->body.size() + bytes > kLargestBody) return 0;
    transfer.response->body.append(data, bytes);
    return bytes;
  }
  const long status = transfer.status();
  if (status < 200 || status >= 300) return bytes;
  if (!transfer.begun && !begin_file(transfer)) return 0;
  transfer.begun = true;
  const std::size_t written = std::fwrite(data, 1, bytes, transfer.file);
  transfer.written += static_cast<std::int64_t>(written);
  if (*transfer.progress) (*transfer.progress)(transfer.written);
  return written;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return *static_cast<Transfer*>(user)->stop ? 1 : 0;
}

}  // namespace

struct HttpClient::Curl {
  CURL* handle = nullptr;
  std::string token;
  const std::atomic<bool>* stop = nullptr;

  HttpResponse perform(const std::string& url, Transfer transfer);
};

HttpResponse HttpClient::Curl::perform(const std::string& url, Transfer transfer) {
  HttpResponse response;
  transfer.handle = handle;
  transfer.stop = stop;
  transfer.response = &response;
  char problem[CURL_ERROR_SIZE] = "";
  const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(handle, option, value); };
  curl_easy_reset(handle);  // keeps connections
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_ERRORBUFFER, problem);
  set(CURLOPT_USERAGENT, "msrnn");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, url.starts_with("https:") ? "https" : "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 10L);
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, kStalledSeconds);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  if (transfer.json != nullptr) {
    set(CURLOPT_POSTFIELDS, transfer.json->data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.json->size()));
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_POSTREDIR, static_cast<long>(CURL_REDIR_POST_ALL));
  }
  if (transfer.seconds > 0) {
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(1000 * transfer.seconds));
    set(CURLOPT_LOW_SPEED_TIME, 0L);
  }
  if (!token.empty()) {  // unlike a header of our own, never sent to another host
    set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
    set(CURLOPT_XOAUTH2_BEARER, token.c_str());
  }
  const std::string range = fmt::format("{}-", transfer.offset);
  if (transfer.offset > 0) set(CURLOPT_RANGE, range.c_str());
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, on_progress);
  set(CURLOPT_XFERINFODATA, &transfer);
  const CURLcode code = curl_easy_perform(handle);
  response.status = transfer.status();
  response.stopped = code == CURLE_ABORTED_BY_CALLBACK;
  if (code != CURLE_OK) response.problem = *problem != '\0' ? problem : curl_easy_strerror(code);
  return response;
}

HttpClient::HttpClient(std::string token, const std::atomic<bool>& stop) : curl_(std::make_unique<Curl>()) {
  curl_->handle = curl_easy_init();
  if (curl_->handle == nullptr) fail("libcurl cannot be initialised");
  curl_->token = std::move(token);
  curl_->stop = &stop;
}

HttpClient::~HttpClient() { curl_easy_cleanup(curl_->handle); }

HttpResponse HttpClient::get(const std::string& url) { return curl_->perform(url, {}); }

HttpResponse HttpClient::post_json(const std::string& url, const std::string& json, double seconds) {
  return curl_->perform(url, {.json = &json, .seconds = seconds});
}

HttpResponse HttpClient::download(const std::string& url, std::FILE* file, std::int64_t offset,
                                  const std::function<void(std::int64_t)>& progress) {
  HttpResponse response = curl_->perform(url, {.file = file, .offset = offset, .progress = &progress});
  if (std::fflush(file) != 0 && response.problem.empty()) response.problem = "the file cannot be written";
  return response;
}

std::optional<double> retry_after(const HttpResponse& response) {
  const auto found = response.headers.find("retry-after");
  if (found == response.headers.end()) return std::nullopt;
  const std::string& value = found->second;
  double seconds = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (parsed.ec == std::errc{} && parsed.ptr == value.data() + value.size()) return std::max(0.0, seconds);
  const std::time_t date = curl_getdate(value.c_str(), nullptr);
  if (date < 0) return std::nullopt;
  return std::max(0.0, std::difftime(date, std::time(nullptr)));
}

std::string url_escaped(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(byte) != 0 || std::string_view("-._~/").find(c) != std::string_view::npos;
    escaped += plain && byte < 0x80 ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return escaped;
}

}  // namespace msrnn
