#include "formats/gguf.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <unordered_set>
#include <utility>

#include "formats/byte_reader.h"
#include "formats/dynamic_rope.h"
#include "formats/gguf_numbers.h"
#include "formats/gguf_split.h"

namespace msrnn {
namespace {

constexpr std::uint32_t kLargestName = 65535;  // bytes of a key or a tensor name
constexpr std::int64_t kLeastAlignment = 8;

// What the smallest possible entry takes, to bound counts by the bytes that are left.
constexpr std::size_t kLeastPairBytes = 8 + 1 + 4 + 1;  // key length, key, type, value
constexpr std::size_t kLeastTensorBytes =
    8 + 1 + 4 + 8 + 4 + 8;  // name length, name, rank, dimension, type, offset

std::string_view read_name(ByteReader& in, std::string_view what) {
  const std::string_view name = in.text(what);
  if (name.empty()) in.fail_here("{} is empty", what);
  if (name.size() > kLargestName)
    in.fail_here("{} has {} bytes, at most {} are allowed", what, name.size(), kLargestName);
  return name;
}

// One value of a metadata pair or of an array in it, in the widest type of its kind.
class ValueReader {
 public:
  ValueReader(ByteReader& in, std::string_view key) : in_(in), what_(fmt::format("the value of {:?}", key)) {}

  Metadata::Value read() {
    const auto type = in_.number<std::uint32_t>(what_);
    return static_cast<GgufValueType>(type) == GgufValueType::array ? read_array() : read_scalar(type);
  }

 private:
  Metadata::Value read_scalar(std::uint32_t type) {
    if (static_cast<GgufValueType>(type) == GgufValueType::boolean) return read_boolean();
    Metadata::Value value;
    with_type(type, [&](std::size_t, auto read_one) { value = read_one(); });
    return value;
  }

  Metadata::Value read_array() {
    const auto type = in_.number<std::uint32_t>(what_);
    if (static_cast<GgufValueType>(type) == GgufValueType::array)
      in_.fail_here("{} is a nested array, which msrnn does not read", what_);
    Metadata::Value array;
    with_type(type, [&](std::size_t least_bytes, auto read_one) {
      std::vector<decltype(read_one())> values(in_.count(least_bytes, "the length of " + what_));
      for (auto& value : values) value = read_one();
      array = std::move(values);
    });
    return array;
  }

  bool read_boolean() {
    const auto byte = in_.number<std::uint8_t>(what_);
    if (byte > 1) in_.fail_here("{} is a truth value, expected 0 or 1, found {}", what_, byte);
    return byte == 1;
  }

  std::int64_t read_uint64() {
    const auto value = in_.number<std::uint64_t>(what_);
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      in_.fail_here("{} is {}, larger than a signed 64-bit integer", what_, value);
    return static_cast<std::int64_t>(value);
  }

  // Calls body(least bytes of a value, function that reads one).
  template <class Body>
  void with_type(std::uint32_t type, Body body) {
    const auto integers = [&]<class T>(T) {
      body(sizeof(T), [this] { return static_cast<std::int64_t>(in_.number<T>(what_)); });
    };
    const auto numbers = [&]<class T>(T) {
      body(sizeof(T), [this] { return static_cast<double>(in_.number<T>(what_)); });
    };
    switch (static_cast<GgufValueType>(type)) {
      case GgufValueType::uint8:
        return integers(std::uint8_t{});
      case GgufValueType::int8:
        return integers(std::int8_t{});
      case GgufValueType::uint16:
        return integers(std::uint16_t{});
      case GgufValueType::int16:
        return integers(std::int16_t{});
      case GgufValueType::uint32:
        return integers(std::uint32_t{});
      case GgufValueType::int32:
        return integers(std::int32_t{});
      case GgufValueType::int64:
        return integers(std::int64_t{});
      case GgufValueType::float32:
        return numbers(float{});
      case GgufValueType::float64:
        return numbers(double{});
      case GgufValueType::uint64:
        return body(8, [this] { return read_uint64(); });
      case GgufValueType::boolean:
        return body(1, [this] { return std::int64_t{read_boolean()}; });
      case GgufValueType::string:
        return body(8, [this] { return std::string(in_.text(what_)); });
      case GgufValueType::array:
        break;
    }
    in_.fail_here("{} has the unknown type {}", what_, type);
  }

  ByteReader& in_;
  std::string what_;
};

std::uint32_t read_version(ByteReader& in) {
  const auto magic = in.take(kGgufMagic.size(), "the magic number");
  if (std::memcmp(magic.data(), kGgufMagic.data(), magic.size()) != 0)
    in.fail_here("expected a GGUF file to begin with \"{}\"", kGgufMagic);
  const auto version = in.number<std::uint32_t>("the version");
  if (version == 0x02000000u || version == 0x03000000u)
    in.fail_here("a big-endian GGUF file, which msrnn does not read");
  if (version != 2 && version != 3) in.fail_here("GGUF version {}, msrnn reads 2 and 3", version);
  return version;
}

Metadata read_metadata(ByteReader& in, std::size_t n_pairs) {
  Metadata metadata;
  for (std::size_t i = 0; i < n_pairs; ++i) {
    const std::string_view key = read_name(in, fmt::format("metadata key {} of {}", i + 1, n_pairs));
    if (metadata.has(key)) in.fail_here("the metadata key {:?} occurs twice", key);
    metadata.set(std::string(key), ValueReader(in, key).read());
  }
  return metadata;
}

std::int64_t data_alignment(const Metadata& metadata, const ByteReader& in) {
  const auto entry = metadata.values().find("general.alignment");
  if (entry == metadata.values().end()) return kGgufAlignment;
  const auto* value = std::get_if<std::int64_t>(&entry->second);
  const bool valid = value != nullptr && *value >= kLeastAlignment &&
                     *value <= std::numeric_limits<std::uint32_t>::max() &&
                     std::has_single_bit(static_cast<std::uint64_t>(*value));
  if (!valid) in.fail_here("general.alignment is not a power of two from {} on", kLeastAlignment);
  return *value;
}

DType read_tensor_type(ByteReader& in, std::string_view what) {
  const auto number = in.number<std::uint32_t>(what);
  const auto* type = std::ranges::find(kGgufTensorTypes, number, &GgufTensorType::number);
  if (type == std::end(kGgufTensorTypes)) in.fail_here("{} has the unknown type {}", what, number);
  if (!type->dtype)
    in.fail_here("{} has the type {} ({}), which msrnn does not read", what, type->name, number);
  return *type->dtype;
}

// Outermost dimension first; files give the innermost first.
std::vector<std::int64_t> read_shape(ByteReader& in, std::string_view what) {
  const auto rank = in.number<std::uint32_t>(what);
  if (rank < 1 || rank > kMostDimensions) {
    in.fail_here("{} has {} dimensions, expected 1 to {}", what, rank, kMostDimensions);
  }
  std::vector<std::int64_t> shape(rank);
  for (auto dimension = shape.rbegin(); dimension != shape.rend(); ++dimension) {
    *dimension = in.number<std::int64_t>(what);
    if (*dimension < 1) in.fail_here("{} has the dimension {}", what, static_cast<std::uint64_t>(*dimension));
  }
  return shape;
}

// An entry of the tensor table. `offset` counts from the start of the data.
struct Entry {
  StoredTensor tensor;
  std::int64_t offset = 0, bytes = 0;
};

Entry read_entry(ByteReader& in, std::string_view ordinal) {
  Entry entry;
  entry.tensor.name = read_name(in, ordinal);
  const std::string what = fmt::format("tensor {:?}", entry.tensor.name);
  entry.tensor.shape = read_shape(in, what);

  TensorView& view = entry.tensor.view;
  view.dtype = read_tensor_type(in, what);
  view.cols = entry.tensor.shape.back();
  const auto [type_name, block_size, block_bytes] = traits(view.dtype);
  if (view.cols % block_size != 0) {
    in.fail_here("{} has rows of {}, type {} needs a multiple of {}", what, view.cols, type_name, block_size);
  }
  bool overflow = __builtin_mul_overflow(view.cols / block_size, std::int64_t{block_bytes}, &entry.bytes);
  view.rows = 1;
  for (std::size_t i = 0; i + 1 < entry.tensor.shape.size(); ++i) {
    overflow |= __builtin_mul_overflow(view.rows, entry.tensor.shape[i], &view.rows);
    overflow |= __builtin_mul_overflow(entry.bytes, entry.tensor.shape[i], &entry.bytes);
  }
  if (overflow) in.fail_here("{} has more bytes than there are numbers to count them", what);

  entry.offset = in.number<std::int64_t>(what);
  return entry;
}

std::vector<Entry> read_table(ByteReader& in, std::size_t n_tensors) {
  std::vector<Entry> entries;
  entries.reserve(n_tensors);
  for (std::size_t i = 0; i < n_tensors; ++i) {
    entries.push_back(read_entry(in, fmt::format("the name of tensor {} of {}", i + 1, n_tensors)));
  }
  std::unordered_set<std::string_view> names;
  for (const Entry& entry : entries) {
    if (!names.insert(entry.tensor.name).second) in.fail_here("tensor {:?} occurs twice", entry.tensor.name);
  }
  return entries;
}

// Every tensor starts aligned, ends inside the data, and shares no byte with another.
void check_places(const std::vector<Entry>& entries, std::int64_t alignment, std::int64_t data_bytes,
                  const ByteReader& in) {
  std::vector<const Entry*> by_offset;
  by_offset.reserve(entries.size());
  for (const Entry& entry : entries) {
    const auto& [tensor, offset, bytes] = entry;
    if (offset < 0 || offset % alignment != 0) {
      in.fail_here("tensor {:?} has the offset {}, expected a multiple of {}", tensor.name,
                   static_cast<std::uint64_t>(offset), alignment);
    }
    if (offset > data_bytes || bytes > data_bytes - offset) {
      in.fail_here(
          "tensor {:?} takes {} bytes from offset {} on, the data has {}: the file is truncated or damaged",
          tensor.name, bytes, offset, data_bytes);
    }
    by_offset.push_back(&entry);
  }
  std::ranges::sort(by_offset, {}, &Entry::offset);
  for (std::size_t i = 1; i < by_offset.size(); ++i) {
    const Entry &before = *by_offset[i - 1], &after = *by_offset[i];
    if (before.offset + before.bytes > after.offset) {
      in.fail_here("tensors {:?} and {:?} overlap", before.tensor.name, after.tensor.name);
    }
  }
}

class GgufFile final : public WeightFile {
 public:
  GgufFile(std::vector<MappedFile> files, GgufContents contents)
      : files_(std::move(files)),
        contents_(std::move(contents)),
        format_(fmt::format("GGUF v{}", contents_.version)) {
    if (files_.size() > 1) format_ += fmt::format(", {} files", files_.size());
    show_dynamic_rope(contents_.metadata);
  }

  std::string_view format() const override { return format_; }
  const Metadata& metadata() const override { return contents_.metadata; }
  std::span<const StoredTensor> tensors() const override { return contents_.tensors; }

 private:
  std::vector<MappedFile> files_;
  GgufContents contents_;
  std::string format_;
};

}  // namespace

GgufContents parse_gguf(std::span<const std::byte> bytes, std::string_view source) {
  ByteReader in(bytes, source);
  GgufContents contents;
  contents.version = read_version(in);
  const std::size_t n_tensors = in.count(kLeastTensorBytes, "the number of tensors");
  const std::size_t n_pairs = in.count(kLeastPairBytes, "the number of metadata pairs");
  contents.metadata = read_metadata(in, n_pairs);
  const std::int64_t alignment = data_alignment(contents.metadata, in);
  std::vector<Entry> entries = read_table(in, n_tensors);
  if (entries.empty()) return contents;  // then the file may end before the data would start

  const std::int64_t padding = (alignment - static_cast<std::int64_t>(in.offset()) % alignment) % alignment;
  in.take(static_cast<std::uint64_t>(padding), "the padding before the data");
  check_places(entries, alignment, static_cast<std::int64_t>(in.remaining()), in);
  const std::byte* data = bytes.data() + in.offset();
  contents.tensors.reserve(entries.size());
  for (Entry& entry : entries) {
    entry.tensor.view.data = data + entry.offset;
    contents.tensors.push_back(std::move(entry.tensor));
  }
  return contents;
}

std::unique_ptr<WeightFile> open_gguf(MappedFile file, const std::string& source) {
  GgufShard shard = {source, parse_gguf(file.bytes(), source)};
  if (is_one_of_several(shard)) {
    OpenShards all = open_gguf_shards(std::move(file), std::move(shard));
    return std::make_unique<GgufFile>(std::move(all.files), std::move(all.contents));
  }
  std::vector<MappedFile> files;
  files.push_back(std::move(file));
  return std::make_unique<GgufFile>(std::move(files), std::move(shard.contents));
}

}  // namespace msrnn
