#include "formats/hf_folder.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "base/fail.h"
#include "formats/hf_config.h"
#include "formats/hf_tensors.h"
#include "formats/hf_tokenizer.h"
#include "formats/safetensors.h"

namespace msrnn {
namespace {

std::string read_config_text(const std::filesystem::path& folder) {
  const auto path = folder / "config.json";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    fail("{}: a folder without config.json; expected a Hugging Face checkpoint, or the name of a .gguf file",
         folder.string());
  }
  const MappedFile file(path);
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

class HfFolder final : public WeightFile {
 public:
  explicit HfFolder(const std::filesystem::path& folder) : source_(folder.string()) {
    const std::string config_text = read_config_text(folder);
    HfConfig config = read_hf_config(config_text, (folder / "config.json").string());
    metadata_ = std::move(config.metadata);
    const auto name = std::filesystem::weakly_canonical(folder).filename();
    metadata_.set("general.name", name.string());
    add_tokenizer_metadata(HfTokenizerFiles::read(folder, config_text), source_, metadata_);

    SafetensorsFiles stored = open_safetensors_files(folder);
    files_ = std::move(stored.files);
    for (StoredTensor& tensor : stored.tensors) add(std::move(tensor), config);
    for (const ComputedVector& vector : config.rope_factors) add(vector);
    check(config);
  }

  std::string_view format() const override { return "safetensors"; }
  const Metadata& metadata() const override { return metadata_; }
  std::span<const StoredTensor> tensors() const override { return tensors_; }

 private:
  void add(StoredTensor tensor, const HfConfig& config) {
    const std::optional<std::string> name = gguf_tensor_name(tensor.name, config, source_);
    if (!name) return;
    if (tensor.shape.size() == 1) {
      const float offset = name->ends_with("norm.weight") ? config.norm_offset : 0.0f;
      std::vector<float> values(static_cast<std::size_t>(tensor.view.cols));
      dequantise(tensor.view.dtype, tensor.view.data, tensor.view.cols, values.data());
      for (float& value : values) value += offset;
      return add({*name, std::move(values)});
    }
    tensor.name = *name;
    tensors_.push_back(std::move(tensor));
  }

  void add(const ComputedVector& vector) {
    const auto bytes = std::as_bytes(std::span(vector.values));
    const Buffer& copy = owned_.emplace_back(bytes.size());
    std::memcpy(copy.data(), bytes.data(), bytes.size());
    const auto n = static_cast<std::int64_t>(vector.values.size());
    tensors_.push_back({vector.name, {n}, {DType::f32, 1, n, copy.data()}});
  }

  void check(const HfConfig& config) const {
    std::unordered_set<std::string_view> names;
    for (const StoredTensor& tensor : tensors_) {
      if (!names.insert(tensor.name).second) fail("{}: there are two tensors {}", source_, tensor.name);
    }
    const StoredTensor* embedding = find("token_embd.weight");
    if (embedding == nullptr) fail("{}: model.embed_tokens.weight is missing", source_);
    if (embedding->shape.size() != 2 || embedding->shape.front() != config.vocabulary) {
      fail("{}: model.embed_tokens.weight: expected {} rows, as config.json says, found {}", source_,
           config.vocabulary, embedding->shape.front());
    }
    if (!config.tied_embeddings && find("output.weight") == nullptr) {
      fail("{}: lm_head.weight is missing, and config.json does not say that the embedding serves", source_);
    }
  }

  std::string source_;
  Metadata metadata_;
  std::vector<MappedFile> files_;
  std::vector<Buffer> owned_;
  std::vector<StoredTensor> tensors_;
};

}  // namespace

std::optional<std::filesystem::path> hf_folder(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return path;
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const bool of_checkpoint = path.filename() == "config.json" || path.extension() == ".safetensors" ||
                             path.filename().string().ends_with(".safetensors.index.json");
  if (!of_checkpoint || !std::filesystem::exists(path, ignored)) return std::nullopt;
  if (!std::filesystem::exists(folder / "config.json", ignored)) return std::nullopt;
  return folder;
}

std::unique_ptr<WeightFile> open_hf_folder(const std::filesystem::path& folder) {
  return std::make_unique<HfFolder>(folder);
}

}  // namespace msrnn
