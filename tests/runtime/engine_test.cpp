#include "msrnn/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/thread_pool.h"
#include "formats/convert.h"
#include "support/tiny_model.h"

namespace msrnn::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class EngineTest : public ::testing::Test {
 protected:
  // The tiny model with `change` added to its list of tokens, of this type, or with the last ones left out.
  std::filesystem::path with_tokens(int change, std::int64_t type) const {
    const auto model = open_weight_file(write_tiny_model(folder_));
    Metadata metadata = model->metadata();
    auto pieces = metadata.texts("tokenizer.ggml.tokens");
    std::vector<std::int64_t> types(pieces.size(), 1);
    if (metadata.has("tokenizer.ggml.token_type")) types = metadata.integers("tokenizer.ggml.token_type");
    if (change < 0) {
      pieces.resize(pieces.size() + static_cast<std::size_t>(static_cast<std::ptrdiff_t>(change)));
      metadata.set("tokenizer.ggml.merges", std::vector<std::string>{});
    }
    for (int i = 0; i < change; ++i) pieces.push_back("<extra_" + std::to_string(i) + ">");
    types.resize(pieces.size(), type);
    metadata.set("tokenizer.ggml.tokens", pieces);
    metadata.set("tokenizer.ggml.token_type", types);
    const std::filesystem::path path = folder_.path() / "changed.gguf";
    ThreadPool threads(1);
    EXPECT_TRUE(convert_to_gguf(*model, metadata, DType::f32, path, threads, {}));
    return path;
  }

  TemporaryFolder folder_;
};

constexpr std::int64_t kNormal = 1, kControl = 3;

TEST_F(EngineTest, TakesATokenizerThatFits) {
  EXPECT_EQ(
      Engine::load(with_tokens(0, kNormal), {.device = "reference", .threads = 1}).tokenizer.vocabulary(),
      kTinyVocabulary);
}

TEST_F(EngineTest, TakesSpecialTokensThatTheModelDoesNotHave) {
  const Engine engine = Engine::load(with_tokens(2, kControl), {.device = "reference", .threads = 1});
  EXPECT_EQ(engine.tokenizer.vocabulary(), kTinyVocabulary + 2);
}

TEST_F(EngineTest, RefusesATokenizerOfAnotherSize) {
  for (const int change : {-1, 1, 500}) {
    const auto path = with_tokens(change, kNormal);
    EXPECT_THAT([&] { Engine::load(path, {.device = "reference", .threads = 1}); },
                ThrowsMessage<Error>(HasSubstr("expected 259 tokens, as the embedding has rows, found " +
                                               std::to_string(kTinyVocabulary + change))));
  }
}

}  // namespace
}  // namespace msrnn::testing
