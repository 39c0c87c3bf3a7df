#include "eval/pooled_loss.h"

#include <cmath>
#include <numbers>

#include "eval/bootstrap.h"
#include "eval/interval_json.h"

namespace msrnn {
namespace {

Loss pool(std::span<const Loss> losses, std::span<const std::int32_t> sample) {
  Loss sum;
  for (const std::int32_t i : sample) sum += losses[static_cast<std::size_t>(i)];
  return sum;
}

}  // namespace

Loss& Loss::operator+=(const Loss& other) {
  tokens += other.tokens;
  bytes += other.bytes;
  nll_sum += other.nll_sum;
  return *this;
}

void write_loss(nlohmann::ordered_json& object, const Loss& loss) {
  object["tokens"] = loss.tokens;
  object["bytes"] = loss.bytes;
  object["nll_sum"] = loss.nll_sum;
}

Loss read_loss(const nlohmann::ordered_json& object) {
  return {object.at("tokens").get<std::int64_t>(), object.at("bytes").get<std::int64_t>(),
          object.at("nll_sum").get<double>()};
}

Loss pool(std::span<const Loss> losses) {
  Loss sum;
  for (const Loss& loss : losses) sum += loss;
  return sum;
}

double perplexity(const Loss& loss) { return std::exp(loss.nll_sum / static_cast<double>(loss.tokens)); }

void write_pooled(nlohmann::ordered_json& object, std::span<const Loss> losses) {
  const Loss sum = pool(losses);
  const auto resampled = [&](auto sample) { return perplexity(pool(losses, sample)); };
  object["parts"] = losses.size();
  write_loss(object, sum);
  object["perplexity"] = perplexity(sum);
  write_interval(object, bootstrap(std::ssize(losses), resampled));
  object["bits_per_byte"] = sum.nll_sum / std::numbers::ln2 / static_cast<double>(sum.bytes);
}

void write_distance(nlohmann::ordered_json& object, std::span<const Loss> losses,
                    std::span<const Loss> others) {
  const auto resampled = [&](auto sample) {
    return perplexity(pool(losses, sample)) - perplexity(pool(others, sample));
  };
  object["above_full"] = perplexity(pool(losses)) - perplexity(pool(others));
  write_interval(object, bootstrap(std::ssize(losses), resampled), "above_full_low", "above_full_high");
}

}  // namespace msrnn
