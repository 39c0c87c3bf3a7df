#include "msrnn/model.h"

#include <algorithm>

#include "backend/registry.h"
#include "base/fail.h"
#include "model/model_impl.h"

namespace msrnn {
namespace {

// Hugging Face folders, and what was made of them, may have other rows than GGUF files of the family.
Rope::Pairs rope_pairs(const Metadata& metadata, const Architecture& architecture) {
  const std::string pairs = metadata.text_or("msrnn.rope.pairs", "");
  if (pairs.empty()) return architecture.rope_pairs;
  if (pairs != "halves") fail("msrnn.rope.pairs: expected halves, found {}", pairs);
  return Rope::Pairs::halves;
}

void check_tokens(std::span<const Token> tokens, int vocabulary) {
  for (const Token token : tokens) {
    if (token < 0 || token >= vocabulary) {
      fail_usage("token {} is not in the vocabulary of {} tokens", token, vocabulary);
    }
  }
}

void check_segments(std::span<const Segment> segments, std::size_t n_tokens, const StateShape& shape) {
  std::int64_t next = 0;
  thread_local std::vector<const MultiState*> states;  // kept: a step should ask for no memory
  states.clear();
  for (const Segment& segment : segments) {
    if (segment.state == nullptr || segment.n_rows < 1 || segment.first_row != next) {
      fail_usage("segments must have a state each and follow one another; row {} is not covered", next);
    }
    if (segment.state->data().shape().model_fingerprint != shape.model_fingerprint) {
      fail_usage("a segment's state belongs to another model");
    }
    next += segment.n_rows;
    states.push_back(segment.state);
  }
  if (next != static_cast<std::int64_t>(n_tokens)) fail_usage("segments cover {} rows of {}", next, n_tokens);
  std::sort(states.begin(), states.end());
  if (std::adjacent_find(states.begin(), states.end()) != states.end())
    fail_usage("two segments share a state");
}

void check_logits(std::span<const std::int32_t> rows, std::size_t n_tokens, std::size_t found,
                  int vocabulary) {
  for (const std::int32_t row : rows) {
    if (row < 0 || row >= static_cast<std::int64_t>(n_tokens))
      fail_usage("no row {} of {} to take logits of", row, n_tokens);
  }
  const std::size_t expected = rows.size() * static_cast<std::size_t>(vocabulary);
  if (found < expected) fail_usage("expected room for {} logits, found {}", expected, found);
}

}  // namespace

Model Model::load(const std::filesystem::path& path, const ModelOptions& options) try {
  auto impl = std::make_shared<Impl>();
  impl->backend = make_backend(options.device, {options.threads, options.precision});
  impl->file = open_weight_file(path);
  const Metadata& metadata = impl->file->metadata();
  impl->architecture = &find_architecture(metadata.text("general.architecture"));
  impl->config = read_config(metadata, *impl->architecture);
  impl->weights = load_weights(*impl->file, *impl->architecture, impl->config, *impl->backend);
  impl->ropes = ModelRopes(impl->config, *impl->file, rope_pairs(metadata, *impl->architecture));
  impl->fingerprint = msrnn::fingerprint(*impl->file);
  return Model(std::move(impl));
} catch (const UsageError&) {
  throw;
} catch (const Error& error) {
  const std::string prefix = path.string() + ": ";
  const std::string message = error.what();
  throw Error(message.find(path.string()) == std::string::npos ? prefix + message : message);
}

Model::Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Model::~Model() = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;

const ModelConfig& Model::config() const { return impl_->config; }
std::uint64_t Model::fingerprint() const { return impl_->fingerprint; }
std::size_t Model::weight_bytes() const { return impl_->weights.bytes(); }
std::string Model::device() const { return impl_->backend->name() + ": " + impl_->backend->description(); }
std::string Model::arithmetic() const { return impl_->backend->name() + ": " + impl_->backend->arithmetic(); }
int Model::threads() const { return impl_->backend->threads(); }

void Model::forward(std::span<const Token> tokens, std::span<const Segment> segments, std::span<float> logits,
                    const ForwardOptions& options) const {
  check_tokens(tokens, impl_->config.vocabulary);
  check_segments(segments, tokens.size(), impl_->state_shape());
  check_logits(options.logits_rows, tokens.size(), logits.size(), impl_->config.vocabulary);
  for (const Segment& segment : segments) segment.state->data().make_room(segment.n_rows);
  const std::lock_guard lock(impl_->pass);
  impl_->decoder().forward(tokens, segments, logits, options, impl_->workspace);
}

}  // namespace msrnn
