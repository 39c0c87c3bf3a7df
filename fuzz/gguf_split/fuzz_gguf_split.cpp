// Two shards of a split GGUF model, cut out of any bytes: two bytes with the length of the first shard, then
// both. Either an Error, or tensors that lie inside the shards and whose names are unique.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string_view>

#include "msrnn/error.h"

#include "formats/gguf_split.h"
#include "fuzz/gguf/check_tensor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data + 2), size - 2);
  const std::size_t first = std::min<std::size_t>(data[0] + 256u * data[1], bytes.size());
  try {
    msrnn::GgufShard one = {"one", msrnn::parse_gguf(bytes.first(first), "one")};
    msrnn::GgufShard two = {"two", msrnn::parse_gguf(bytes.subspan(first), "two")};
    if (!msrnn::is_one_of_several(one)) return 0;
    const msrnn::GgufContents joined = msrnn::join_gguf_shards({one, two});
    std::set<std::string_view> names;
    for (const msrnn::StoredTensor& tensor : joined.tensors) {
      msrnn::fuzz::check_tensor(tensor, bytes);
      msrnn::fuzz::require(names.insert(tensor.name).second);
    }
    msrnn::fuzz::require(names.size() == one.contents.tensors.size() + two.contents.tensors.size());
  } catch (const msrnn::Error&) {
  }
  return 0;
}
