// A model split into several GGUF files, its shards, named NAME-00001-of-00003.gguf and so on. Each says in
// its metadata which it is (split.no, from 0 on), how many there are (split.count) and how many tensors they
// hold together (split.tensors.count); everything else about the model stands in the first.
#pragma once

#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "formats/gguf.h"

namespace msrnn {

struct GgufShard {
  std::string source;  // names it in errors: its path
  GgufContents contents;
};

// Whether a file is one of several. A split.count of 0 (written by tools that merge shards) or 1 is a whole
// model. Throws Error if the count is none.
bool is_one_of_several(const GgufShard& shard);

// The model of all shards in their order: the first one's metadata, and the tensors of all. Throws Error
// unless the shards agree about their count, each is in its place, no tensor occurs twice, and none is
// missing.
GgufContents join_gguf_shards(std::vector<GgufShard> shards);

struct OpenShards {
  std::vector<MappedFile> files;  // what the tensors lie in
  GgufContents contents;
};

// Finds the other shards beside `file`, whichever shard it is, maps them and joins them all. Throws Error too
// if the file's name is not that of its place or a shard is missing.
OpenShards open_gguf_shards(MappedFile file, GgufShard shard);

}  // namespace msrnn
