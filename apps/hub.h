// Models by their name on the Hugging Face hub, "hf:ORG/NAME" or "hf:ORG/NAME:FILE", fetched over its public
// HTTP interface and kept in the cache folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace msrnn {

inline constexpr std::string_view kHubPrefix = "hf:";

struct HubName {
  std::string repository;  // ORG/NAME
  std::string file;        // or empty: the checkpoint, or the only GGUF file
};

// Throws UsageError for anything that is no such name.
HubName parse_hub_name(std::string_view text);

// Which of a repository's files make up the model: the named file with the other shards of its model, or the
// checkpoint, where kShardIndex stands for the shards it lists, or the only GGUF model. Throws Error where
// there is none, or several, naming them.
std::vector<std::string> choose_files(const HubName& name, const std::vector<std::string>& files);

// The model's folder or file in the cache. What is not there yet is fetched: resumed where a part is there,
// checked against the size and the SHA-256 that the hub says, and given its name only when it is whole.
// HF_ENDPOINT and HF_TOKEN are taken from the environment. Where the hub cannot be reached, what was fetched
// before serves. Throws Error with the reason; Ctrl-C ends the program, and leaves what is there to be
// resumed.
std::filesystem::path fetch_from_hub(const HubName& name, const std::filesystem::path& cache);

}  // namespace msrnn
