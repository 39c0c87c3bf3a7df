#include <algorithm>
#include <cstring>
#include <iterator>

#include "base/fail.h"
#include "base/mapped_file.h"
#include "formats/gguf.h"
#include "formats/hf_folder.h"
#include "formats/weight_file.h"

namespace msrnn {
namespace {

struct Format {
  std::string_view magic;  // the file's first bytes
  std::unique_ptr<WeightFile> (*open)(MappedFile file, const std::string& source);
};

constexpr Format kFormats[] = {
    {kGgufMagic, open_gguf},
};

constexpr std::string_view kGitLfsPointer = "version https://git-lfs.github.com/spec/";

bool is_safetensors(std::string_view content) {
  std::uint64_t header_bytes = 0;  // then as many bytes of JSON
  if (content.size() <= sizeof header_bytes) return false;
  std::memcpy(&header_bytes, content.data(), sizeof header_bytes);
  return header_bytes <= content.size() - sizeof header_bytes && content[sizeof header_bytes] == '{';
}

[[noreturn]] void fail_unknown(std::string_view content, const std::string& source) {
  constexpr std::string_view kReadable = "msrnn reads GGUF files (.gguf) and Hugging Face folders";
  if (content.empty()) fail("{}: the file is empty", source);
  if (content.starts_with(kGitLfsPointer)) {
    fail("{}: this is a Git LFS pointer and not the model itself, which 'git lfs pull' fetches", source);
  }
  if (is_safetensors(content)) {
    fail(
        "{}: safetensors without a config.json beside them; expected the folder of a Hugging Face checkpoint",
        source);
  }
  std::string hex;
  for (const char c : content.substr(0, 8)) {
    fmt::format_to(std::back_inserter(hex), " {:02x}", static_cast<unsigned char>(c));
  }
  fail("{}: not a model, its first bytes are{}; {}", source, hex, kReadable);
}

}  // namespace

std::unique_ptr<WeightFile> open_weight_file(const std::filesystem::path& path) {
  if (const auto folder = hf_folder(path)) return open_hf_folder(*folder);
  const std::string source = path.string();
  MappedFile file(path);
  const std::string_view content(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  const auto* format =
      std::ranges::find_if(kFormats, [&](const Format& f) { return content.starts_with(f.magic); });
  if (format == std::end(kFormats)) fail_unknown(content, source);
  return format->open(std::move(file), source);
}

}  // namespace msrnn
