// Which files of a repository are the model.
#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/ranges.h>

#include "base/fail.h"
#include "formats/safetensors.h"
#include "hub.h"

namespace msrnn {
namespace {

using Names = std::vector<std::string>;

// "NAME" and 3 for NAME-00002-of-00003.gguf.
struct ShardName {
  std::string stem;
  int count = 0;
};

std::optional<ShardName> shard_name(std::string_view file) {
  constexpr std::string_view kPattern = "-00000-of-00000.gguf";
  if (file.size() <= kPattern.size()) return std::nullopt;
  const std::string_view tail = file.substr(file.size() - kPattern.size());
  for (std::size_t i = 0; i < tail.size(); ++i) {
    const bool fits = kPattern[i] == '0' ? tail[i] >= '0' && tail[i] <= '9' : tail[i] == kPattern[i];
    if (!fits) return std::nullopt;
  }
  ShardName shard{std::string(file.substr(0, file.size() - kPattern.size())), 0};
  std::from_chars(tail.data() + 10, tail.data() + 15, shard.count);
  return shard;
}

// A file, and the other shards of its model.
Names with_shards(const std::string& file, const Names& files, const std::string& repository) {
  const std::optional<ShardName> shard = shard_name(file);
  if (!shard) return {file};
  Names all = {file};
  for (int i = 1; i <= shard->count; ++i) {
    std::string other = fmt::format("{}-{:05}-of-{:05}.gguf", shard->stem, i, shard->count);
    if (std::ranges::count(files, other) == 0)
      fail("{}: {} is missing, another part of the model", repository, other);
    if (other != file) all.push_back(std::move(other));
  }
  return all;
}

// The files of a checkpoint's folder, its configuration first; empty where there is none.
Names checkpoint_files(const Names& files) {
  const auto has = [&](std::string_view name) { return std::ranges::count(files, name) > 0; };
  const bool single = has("model.safetensors");
  if (!has("config.json") || (!single && !has(kShardIndex))) return {};
  Names chosen = {"config.json"};
  for (const char* name :
       {"generation_config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
        "special_tokens_map.json", "chat_template.jinja", "chat_template.json"}) {
    if (has(name)) chosen.emplace_back(name);
  }
  chosen.emplace_back(single ? "model.safetensors" : kShardIndex);
  return chosen;
}

}  // namespace

std::vector<std::string> choose_files(const HubName& name, const Names& files) {
  if (!name.file.empty()) {
    if (std::ranges::count(files, name.file) == 0) fail("{} has no file {}", name.repository, name.file);
    return with_shards(name.file, files, name.repository);
  }
  if (Names checkpoint = checkpoint_files(files); !checkpoint.empty()) return checkpoint;
  Names models;
  for (const std::string& file : files) {
    const std::optional<ShardName> shard = shard_name(file);
    const bool first = !shard || file.ends_with(fmt::format("-00001-of-{:05}.gguf", shard->count));
    if (file.ends_with(".gguf") && first) models.push_back(file);
  }
  if (models.empty())
    fail("{}: neither safetensors with a config.json nor a GGUF file is there", name.repository);
  if (models.size() > 1) {
    fail("{} has several models; name one with hf:{}:FILE: {}", name.repository, name.repository,
         fmt::join(models, ", "));
  }
  return with_shards(models.front(), files, name.repository);
}

}  // namespace msrnn
