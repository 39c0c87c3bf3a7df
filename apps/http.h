// Getting things by HTTP: small ones into memory, large ones into files, with resumption.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace msrnn {

struct HttpResponse {
  // No answer at all: 0, and `problem` says why. An answer that was cut off has its status and a problem too.
  long status = 0;
  std::string problem;
  bool stopped = false;  // because it was asked to
  std::string body;      // of get() and post_json()
  // By name in lower case, of all answers on the way: those of a redirection are kept unless the next one has
  // them.
  std::map<std::string, std::string> headers;

  bool ok() const { return problem.empty() && !stopped && status >= 200 && status < 300; }
};

// One connection that is used again. The token, if there is one, is sent to the host that is asked, and to no
// host that it redirects to. From https it follows to https only.
class HttpClient {
 public:
  // stop: set from outside, it ends whatever goes on.
  HttpClient(std::string token, const std::atomic<bool>& stop);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // At most 64 MiB.
  HttpResponse get(const std::string& url);
  // Sends a JSON text. An answer that is not there after so many seconds is given up. The body of an error is
  // kept too. At most 64 MiB.
  HttpResponse post_json(const std::string& url, const std::string& json, double seconds);

  // The bytes from `offset` on, added to the file, which is open for appending and has so many. A server that
  // does not go by offsets sends all of it (status 200 and not 206): then the file is emptied first.
  // progress(bytes of the file so far).
  HttpResponse download(const std::string& url, std::FILE* file, std::int64_t offset,
                        const std::function<void(std::int64_t)>& progress);

 private:
  struct Curl;
  std::unique_ptr<Curl> curl_;
};

// How many seconds a server asks to wait, as a number or as a date; none where it does not say.
std::optional<double> retry_after(const HttpResponse& response);

// The text as part of a URL's path; slashes stay.
std::string url_escaped(const std::string& path);

}  // namespace msrnn
