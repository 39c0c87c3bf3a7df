#include "tokenizer/json_pipeline.h"

#include <cctype>

#include "base/fail.h"
#include "tokenizer/metaspace.h"
#include "tokenizer/pipelines.h"

namespace msrnn {
namespace {

// The steps of a sequence, or the one step that there is. A sequence in a sequence is refused by its type.
std::vector<JsonNode> steps_of(const JsonNode& file, const char* key, const char* list) {
  if (!file.has(key)) return {};
  const JsonNode node = file.object(key);
  if (node.type() == "Sequence") return node.objects(list);
  return {node};
}

// A pattern that is a plain text.
std::string plain_pattern(const JsonNode& step) {
  const JsonNode pattern = step.object("pattern");
  step.refuse_unless(pattern.has("String"), "pattern");
  const std::string& text = pattern.text("String");
  step.refuse_unless(!text.empty(), "pattern");
  return text;
}

Rewrite read_normalizer(const JsonNode& step) {
  const std::string& type = step.type();
  if (type == "NFC") return ComposeCharacters{};
  if (type == "Replace") return Replace{plain_pattern(step), step.text("content")};
  if (type == "Prepend") return Prepend{step.text("prepend"), Prepend::Where::every_part};
  step.refuse();
}

// "always", "first" or "never", also from files of before the option had this name.
std::string prepend_scheme(const JsonNode& metaspace) {
  const char* older = metaspace.flag_or("add_prefix_space", true) ? "always" : "never";
  return metaspace.text_or("prepend_scheme", older);
}

std::string escaped(std::string_view text) {
  std::string expression;
  for (const char c : text) {
    if (std::ispunct(static_cast<unsigned char>(c)) != 0) expression += '\\';
    expression += c;
  }
  return expression;
}

void read_metaspace(const JsonNode& step, Pipeline& pipeline) {
  step.refuse_unless(step.text_or("replacement", kMetaspace) == kMetaspace, "replacement");
  pipeline.metaspace.push_back(Replace{" ", std::string(kMetaspace)});
  const std::string scheme = prepend_scheme(step);
  if (scheme == "always") {
    pipeline.metaspace.push_back(Prepend{std::string(kMetaspace), Prepend::Where::unless_there});
  } else if (scheme == "first") {
    pipeline.metaspace.push_back(Prepend{std::string(kMetaspace), Prepend::Where::beginning_unless});
  } else {
    step.refuse_unless(scheme == "never", "prepend_scheme");
  }
  if (step.flag_or("split", true)) {
    pipeline.splits.push_back({std::string(kMetaspace), SplitBehaviour::merged_with_next});
  }
}

SplitBehaviour read_behaviour(const JsonNode& step, bool invert) {
  const std::string& name = step.text("behavior");
  // The first two treat matches and the rest alike.
  if (name == "Isolated") return SplitBehaviour::isolated;
  if (name == "Contiguous") return SplitBehaviour::contiguous;
  if (name == "Removed") return invert ? SplitBehaviour::only_matches : SplitBehaviour::removed;
  step.refuse_unless(!invert, "invert");
  if (name == "MergedWithPrevious") return SplitBehaviour::merged_with_previous;
  step.refuse_unless(name == "MergedWithNext", "behavior");
  return SplitBehaviour::merged_with_next;
}

Split read_split(const JsonNode& step) {
  const JsonNode pattern = step.object("pattern");
  const bool invert = step.flag_or("invert", false);
  const std::string expression = pattern.has("Regex") ? pattern.text("Regex") : escaped(plain_pattern(step));
  return {expression, read_behaviour(step, invert)};
}

Split read_digits(const JsonNode& step) {
  return {R"(\p{N})",
          step.flag_or("individual_digits", false) ? SplitBehaviour::isolated : SplitBehaviour::contiguous};
}

void read_pre_tokenizer(const JsonNode& step, Pipeline& pipeline, bool& byte_level) {
  const std::string& type = step.type();
  // It rewrites the text, so that later expressions see other characters.
  if (byte_level) fail("tokenizer.json: pre_tokenizer: {} after ByteLevel is not supported", type);
  if (type == "ByteLevel") {
    step.refuse_unless(!step.flag_or("add_prefix_space", true), "add_prefix_space");
    if (step.flag_or("use_regex", true)) pipeline.splits.push_back(gpt2_words());
    byte_level = true;
  } else if (type == "Split") {
    pipeline.splits.push_back(read_split(step));
  } else if (type == "Digits") {
    pipeline.splits.push_back(read_digits(step));
  } else if (type == "Metaspace") {
    if (!pipeline.splits.empty() || !pipeline.metaspace.empty()) {
      fail("tokenizer.json: pre_tokenizer: Metaspace after another step is not supported");
    }
    read_metaspace(step, pipeline);
  } else {
    step.refuse();
  }
}

// Replace ▁ by a space, ByteFallback, Fuse, and perhaps Strip of the first space.
void read_metaspace_decoder(const std::vector<JsonNode>& steps, Pipeline& pipeline) {
  const char* expected[] = {"Replace", "ByteFallback", "Fuse", "Strip"};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const JsonNode& step = steps[i];
    if (i >= std::size(expected) || step.type() != expected[i]) step.refuse();
    if (i == 0) {
      step.refuse_unless(plain_pattern(step) == kMetaspace, "pattern");
      step.refuse_unless(step.text("content") == " ", "content");
    }
    if (i == 3) {
      step.refuse_unless(step.text("content") == " ", "content");
      step.refuse_unless(step.integer("start") == 1, "start");
      step.refuse_unless(step.integer("stop") == 0, "stop");
      pipeline.strip_space = true;
    }
  }
  if (steps.size() < 3) fail("tokenizer.json: decoder: expected Replace, ByteFallback and Fuse");
}

void read_decoder(const JsonNode& file, Pipeline& pipeline) {
  const std::vector<JsonNode> steps = steps_of(file, "decoder", "decoders");
  if (steps.empty()) fail("tokenizer.json: decoder: expected one, found nothing");
  const std::string& type = steps[0].type();
  if (steps.size() == 1 && type == "ByteLevel") {
    pipeline.spelling = Spelling::byte_alphabet;
  } else if (steps.size() == 1 && type == "Metaspace") {
    // It would write a byte as <0x00>.
    if (pipeline.byte_fallback)
      fail("tokenizer.json: decoder: Metaspace after byte_fallback is not supported");
    steps[0].refuse_unless(steps[0].text_or("replacement", kMetaspace) == kMetaspace, "replacement");
    pipeline.spelling = Spelling::metaspace;
    pipeline.strip_space = prepend_scheme(steps[0]) != "never";
  } else {
    pipeline.spelling = Spelling::metaspace;
    read_metaspace_decoder(steps, pipeline);
  }
}

}  // namespace

Pipeline read_pipeline(const JsonNode& file) {
  Pipeline pipeline;
  const JsonNode model = file.object("model");
  pipeline.ignore_merges = model.flag_or("ignore_merges", false);
  pipeline.byte_fallback = model.flag_or("byte_fallback", false);
  pipeline.fuse_unknown = model.flag_or("fuse_unk", false);
  for (const JsonNode& step : steps_of(file, "normalizer", "normalizers")) {
    pipeline.normalizer.push_back(read_normalizer(step));
  }
  bool byte_level = false;
  for (const JsonNode& step : steps_of(file, "pre_tokenizer", "pretokenizers")) {
    read_pre_tokenizer(step, pipeline, byte_level);
  }
  read_decoder(file, pipeline);
  if (byte_level != (pipeline.spelling == Spelling::byte_alphabet)) {
    fail("tokenizer.json: expected ByteLevel as pre_tokenizer and as decoder, or as neither");
  }
  return pipeline;
}

}  // namespace msrnn
