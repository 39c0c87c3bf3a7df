// What the hub says about a repository.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace msrnn {

struct HubFile {
  std::string name;         // a path below the repository's folder, checked to stay there
  std::int64_t bytes = -1;  // −1: not said
  std::string sha256;       // in hexadecimal; empty: not said
};

struct HubListing {
  std::string commit;
  std::vector<HubFile> files;
};

// The answer of /api/models/ORG/NAME?blobs=true. Throws Error where it is none. Files with names that could
// lead out of a folder are left out.
HubListing parse_hub_listing(std::string_view json, std::string_view source);

// Whether a path stays below the folder it is relative to, and has no odd characters.
bool is_safe_path(std::string_view path);

bool is_sha256(std::string_view text);

}  // namespace msrnn
