#include "hub_listing.h"

#include <algorithm>

#include "base/fail.h"
#include "formats/json_text.h"

namespace msrnn {

bool is_safe_path(std::string_view path) {
  const auto odd = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\' || c == ':';
  };
  if (path.empty() || path.size() > 1000 || std::ranges::any_of(path, odd)) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part.empty() || part.front() == '.') return false;  // hidden files are the cache's own
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

HubListing parse_hub_listing(std::string_view text, std::string_view source) {
  const nlohmann::json json = parse_json_object(text, source);
  const JsonObject all(json, source);
  HubListing listing{.commit = all.text("sha"), .files = {}};
  if (!is_safe_path(listing.commit) || listing.commit.find('/') != std::string::npos) {
    all.fail_at("sha", "expected a commit, found {:?}", listing.commit);
  }
  const nlohmann::json* siblings = all.find("siblings");
  if (siblings == nullptr || !siblings->is_array()) all.fail_at("siblings", "expected an array");
  for (const nlohmann::json& entry : *siblings) {
    if (!entry.is_object()) all.fail_at("siblings", "expected objects");
    const JsonObject sibling(entry, source);
    HubFile file{.name = sibling.text("rfilename"), .bytes = sibling.integer_or("size", -1), .sha256 = {}};
    if (!is_safe_path(file.name)) continue;
    if (sibling.has("lfs")) {
      const JsonObject lfs = sibling.object("lfs");
      file.bytes = lfs.integer_or("size", file.bytes);
      file.sha256 = lfs.text_or("sha256", lfs.text_or("oid", ""));
      if (file.sha256.starts_with("sha256:")) file.sha256.erase(0, 7);
      if (!file.sha256.empty() && !is_sha256(file.sha256)) lfs.fail_at("sha256", "found {:?}", file.sha256);
    }
    listing.files.push_back(std::move(file));
  }
  return listing;
}

}  // namespace msrnn
