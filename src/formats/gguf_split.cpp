#include "formats/gguf_split.h"

#include <filesystem>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/fail.h"

namespace msrnn {
namespace {

constexpr std::string_view kNumberKey = "split.no", kCountKey = "split.count",
                           kTensorsKey = "split.tensors.count";
constexpr std::int64_t kMostShards = 99999;  // names have five digits

std::int64_t integer(const GgufShard& shard, std::string_view key) {
  try {
    return shard.contents.metadata.integer(key);
  } catch (const Error& error) {
    fail("{}: {}", shard.source, error.what());
  }
}

std::int64_t integer_in(const GgufShard& shard, std::string_view key, std::int64_t least, std::int64_t most) {
  const std::int64_t value = integer(shard, key);
  if (value < least || value > most) {
    fail("{}: metadata key {}: expected a number from {} to {}, found {}", shard.source, key, least, most,
         value);
  }
  return value;
}

void expect(const GgufShard& shard, std::string_view key, std::int64_t expected) {
  const std::int64_t found = integer(shard, key);
  if (found != expected) {
    fail("{}: metadata key {}: expected {}, found {}: this shard is of another model or in another's place",
         shard.source, key, expected, found);
  }
}

std::string name_ending(std::int64_t number, std::int64_t count) {
  return fmt::format("-{:05}-of-{:05}.gguf", number + 1, count);
}

// The path of every shard less what name_ending() gives.
std::string common_path(const GgufShard& shard, std::int64_t number, std::int64_t count) {
  const std::string ending = name_ending(number, count);
  if (!shard.source.ends_with(ending)) {
    fail("{}: this is shard {} of {}, expected a name that ends in {} to find the others by", shard.source,
         number + 1, count, ending);
  }
  return shard.source.substr(0, shard.source.size() - ending.size());
}

}  // namespace

bool is_one_of_several(const GgufShard& shard) {
  return shard.contents.metadata.has(kCountKey) && integer_in(shard, kCountKey, 0, kMostShards) > 1;
}

GgufContents join_gguf_shards(std::vector<GgufShard> shards) {
  const auto count = static_cast<std::int64_t>(shards.size());
  const std::int64_t n_tensors = integer(shards.front(), kTensorsKey);
  std::unordered_map<std::string, std::string_view> sources;  // by tensor
  for (std::int64_t i = 0; i < count; ++i) {
    const GgufShard& shard = shards[static_cast<std::size_t>(i)];
    expect(shard, kCountKey, count);
    expect(shard, kNumberKey, i);
    expect(shard, kTensorsKey, n_tensors);
    for (const StoredTensor& tensor : shard.contents.tensors) {
      const auto [first, is_new] = sources.emplace(tensor.name, shard.source);
      if (!is_new) fail("{}: tensor {:?} occurs in {} too", shard.source, tensor.name, first->second);
    }
  }
  if (static_cast<std::int64_t>(sources.size()) != n_tensors) {
    fail("{}: metadata key {}: expected the number of tensors in all {} shards, {}, found {}",
         shards.front().source, kTensorsKey, count, sources.size(), n_tensors);
  }
  GgufContents joined = std::move(shards.front().contents);
  for (std::size_t i = 1; i < shards.size(); ++i) {
    for (StoredTensor& tensor : shards[i].contents.tensors) joined.tensors.push_back(std::move(tensor));
  }
  return joined;
}

OpenShards open_gguf_shards(MappedFile file, GgufShard shard) {
  const std::int64_t count = integer(shard, kCountKey);
  const std::int64_t number = integer_in(shard, kNumberKey, 0, count - 1);
  const std::string common = common_path(shard, number, count);
  OpenShards set;
  std::vector<GgufShard> shards;
  for (std::int64_t i = 0; i < count; ++i) {
    if (i == number) continue;
    const std::string path = common + name_ending(i, count);
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
      fail("{}: shard {} of {} is missing, expected it beside shard {}", path, i + 1, count, number + 1);
    }
    set.files.emplace_back(path);
    shards.push_back({path, parse_gguf(set.files.back().bytes(), path)});
  }
  set.files.insert(set.files.begin() + number, std::move(file));
  shards.insert(shards.begin() + number, std::move(shard));
  set.contents = join_gguf_shards(std::move(shards));
  return set;
}

}  // namespace msrnn
