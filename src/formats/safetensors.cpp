#include "formats/safetensors.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "formats/byte_reader.h"
#include "formats/json_text.h"

namespace msrnn {
namespace {

constexpr std::uint64_t kLargestHeader = 100'000'000;  // bytes; what other readers of the format allow

struct Place {
  std::int64_t begin = 0, end = 0;  // bytes from the start of the data
};

DType read_type(const JsonObject& entry, std::string_view name) {
  constexpr std::pair<std::string_view, DType> kTypes[] = {
      {"F32", DType::f32}, {"F16", DType::f16}, {"BF16", DType::bf16}};
  const std::string& type = entry.text("dtype");
  const auto* found = std::ranges::find(kTypes, type, &std::pair<std::string_view, DType>::first);
  if (found == std::end(kTypes)) {
    entry.fail_at(name, "the type {:?} is not supported; there are: F32, F16, BF16", type);
  }
  return found->second;
}

// A list of integers, none of them negative.
std::vector<std::int64_t> read_sizes(const JsonObject& entry, std::string_view name, std::string_view key) {
  const nlohmann::json* list = entry.find(key);
  if (list == nullptr || !list->is_array()) entry.fail_at(name, "{}: expected an array", key);
  std::vector<std::int64_t> sizes;
  for (const nlohmann::json& size : *list) {
    const bool valid = size.is_number_unsigned() && size.get<std::uint64_t>() <= std::uint64_t{1} << 62;
    if (!valid) entry.fail_at(name, "{}: expected sizes, found {}", key, size.dump());
    sizes.push_back(size.get<std::int64_t>());
  }
  return sizes;
}

std::pair<StoredTensor, Place> read_entry(const std::string& name, const JsonObject& entry) {
  StoredTensor tensor{.name = name, .shape = read_sizes(entry, name, "shape"), .view = {}};
  if (tensor.shape.empty() || tensor.shape.size() > kMostDimensions ||
      std::ranges::count(tensor.shape, 0) > 0) {
    entry.fail_at(name, "expected 1 to {} dimensions, none of them 0", kMostDimensions);
  }
  tensor.view.dtype = read_type(entry, name);
  tensor.view.cols = tensor.shape.back();
  std::int64_t bytes = traits(tensor.view.dtype).block_bytes;
  tensor.view.rows = 1;
  bool overflow = __builtin_mul_overflow(bytes, tensor.view.cols, &bytes);
  for (std::size_t i = 0; i + 1 < tensor.shape.size(); ++i) {
    overflow |= __builtin_mul_overflow(tensor.view.rows, tensor.shape[i], &tensor.view.rows);
    overflow |= __builtin_mul_overflow(bytes, tensor.shape[i], &bytes);
  }
  const std::vector<std::int64_t> offsets = read_sizes(entry, name, "data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    entry.fail_at(name, "data_offsets: expected the first byte and the one after the last");
  }
  if (overflow || offsets[1] - offsets[0] != bytes) {
    entry.fail_at(name, "its shape takes {} bytes, data_offsets span {}",
                  overflow ? "too many" : std::to_string(bytes), offsets[1] - offsets[0]);
  }
  return {std::move(tensor), {offsets[0], offsets[1]}};
}

// __metadata__ is free text by key. Nothing here needs it, but a file must be what its format says.
void check_metadata(const JsonObject& metadata) {
  for (const auto& [key, value] : metadata.json().items()) {
    if (!value.is_string()) metadata.fail_at("__metadata__", "expected texts, found {}", value.type_name());
  }
}

std::vector<std::pair<StoredTensor, Place>> read_header(const JsonObject& header) {
  constexpr std::string_view kMetadata = "__metadata__";
  std::vector<std::pair<StoredTensor, Place>> entries;
  for (const auto& [name, value] : header.json().items()) {
    if (name == kMetadata) {
      check_metadata(header.object(kMetadata));
    } else if (name.empty()) {
      header.fail_at("\"\"", "a tensor without a name");
    } else {
      entries.push_back(read_entry(name, header.object(name)));
    }
  }
  std::ranges::sort(entries, {}, [](const auto& entry) { return entry.second.begin; });
  return entries;
}

}  // namespace

std::vector<StoredTensor> parse_safetensors(std::span<const std::byte> bytes, std::string_view source) {
  ByteReader in(bytes, source);
  const auto header_bytes = in.number<std::uint64_t>("the length of the header");
  if (header_bytes > kLargestHeader) {
    in.fail_here("a header of {} bytes, at most {} are allowed", header_bytes, kLargestHeader);
  }
  const auto text = in.take(header_bytes, "the header");
  const std::string_view json_text(reinterpret_cast<const char*>(text.data()), text.size());
  if (!json_text.starts_with('{')) fail("{}: expected the header to begin with {{", source);
  const nlohmann::json json = parse_json_object(json_text, source);
  auto entries = read_header(JsonObject(json, source));

  const auto data = in.take(in.remaining(), "the data");
  std::vector<StoredTensor> tensors;
  std::int64_t next = 0;
  for (auto& [tensor, place] : entries) {
    if (place.begin != next) {
      fail("{}: {}: data_offsets begin at {}, expected {}: the format allows no holes and no overlaps",
           source, tensor.name, place.begin, next);
    }
    if (place.end > static_cast<std::int64_t>(data.size())) {
      fail("{}: {}: its data ends at {}, the file has {} bytes of data: it is truncated or damaged", source,
           tensor.name, place.end, data.size());
    }
    next = place.end;
    tensor.view.data = data.data() + place.begin;
    tensors.push_back(std::move(tensor));
  }
  if (next != static_cast<std::int64_t>(data.size())) {
    fail("{}: {} bytes after the last tensor", source, static_cast<std::int64_t>(data.size()) - next);
  }
  return tensors;
}

namespace {

void add_file(SafetensorsFiles& all, const std::filesystem::path& path) {
  const MappedFile& file = all.files.emplace_back(path);
  for (StoredTensor& tensor : parse_safetensors(file.bytes(), path.string())) {
    all.tensors.push_back(std::move(tensor));
  }
}

// File names by tensor. A name is that of a file beside the index, never a path.
std::map<std::string, std::string> read_index(const std::filesystem::path& path) {
  const MappedFile file(path);
  const std::string source = path.string();
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const nlohmann::json json = parse_json_object(text, source);
  const JsonObject weight_map = JsonObject(json, source).object("weight_map");
  std::map<std::string, std::string> shards;
  for (const auto& [tensor, value] : weight_map.json().items()) {
    const std::string& shard = weight_map.text(tensor);
    const bool plain =
        shard.ends_with(".safetensors") && shard.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
    if (!plain) weight_map.fail_at(tensor, "expected the name of a .safetensors file, found {:?}", shard);
    shards.emplace(tensor, shard);
  }
  return shards;
}

SafetensorsFiles open_shards(const std::filesystem::path& folder, const std::filesystem::path& index) {
  const std::map<std::string, std::string> shard_of = read_index(index);
  std::map<std::string, std::string> first_tensor;  // by shard, to say why it is needed
  for (const auto& [tensor, shard] : shard_of) first_tensor.emplace(shard, tensor);

  SafetensorsFiles all;
  std::map<std::string, std::string> found_in;  // shards by tensor; one may hold more than the index names
  for (const auto& [shard, tensor] : first_tensor) {
    std::error_code ignored;
    if (!std::filesystem::exists(folder / shard, ignored)) {
      fail("{}: {} is missing, which holds the tensor {}", folder.string(), shard, tensor);
    }
    const std::size_t n_before = all.tensors.size();
    add_file(all, folder / shard);
    for (const StoredTensor& found : std::span(all.tensors).subspan(n_before)) {
      const auto [other, is_new] = found_in.emplace(found.name, shard);
      if (!is_new)
        fail("{}: {} and {} both hold the tensor {}", folder.string(), other->second, shard, found.name);
    }
  }
  for (const auto& [tensor, shard] : shard_of) {
    const auto found = found_in.find(tensor);
    if (found == found_in.end() || found->second != shard) {
      fail("{}: tensor {} is not in {}", index.string(), tensor, shard);
    }
  }
  return all;
}

}  // namespace

std::vector<std::string> shards_of_index(const std::filesystem::path& index) {
  std::set<std::string> shards;
  for (auto& [tensor, shard] : read_index(index)) shards.insert(shard);
  return {shards.begin(), shards.end()};
}

SafetensorsFiles open_safetensors_files(const std::filesystem::path& folder) {
  const auto single = folder / "model.safetensors", index = folder / kShardIndex;
  std::error_code ignored;
  if (std::filesystem::exists(single, ignored)) {
    SafetensorsFiles all;
    add_file(all, single);
    return all;
  }
  if (std::filesystem::exists(index, ignored)) return open_shards(folder, index);
  const bool has_pickle = std::filesystem::exists(folder / "pytorch_model.bin", ignored) ||
                          std::filesystem::exists(folder / "pytorch_model.bin.index.json", ignored);
  fail("{}: expected model.safetensors or {}{}", folder.string(), kShardIndex,
       has_pickle ? ", found only PyTorch's pickled weights, which msrnn does not read" : "");
}

}  // namespace msrnn
