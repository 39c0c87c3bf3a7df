#include "eval/judge.h"

#include <optional>

#include "base/fail.h"
#include "eval/checksum.h"

namespace msrnn {
namespace {

using Json = nlohmann::ordered_json;

std::string pair_key(const StoryPair& pair) { return fmt::format("pair/{}/{}", pair.prompt, pair.seed); }

std::string judge_request(const JudgeOptions& options, const std::string& question) {
  const Json message = {{"role", "user"}, {"content", question}};
  Json request = {{"model", options.model}, {"messages", Json::array({message})}};
  request.update(options.parameters);
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The answer to a question, from the file or from the judge. None: stopped.
std::optional<ChatAnswer> ask_judge(const std::string& question, const JudgeOptions& options,
                                    PatientChat& chat, ResultFile& answers) {
  const std::string request = judge_request(options, question);
  const std::string key = checksum(options.url + "\n" + request);
  if (const Json* kept = answers.find(key)) {
    return ChatAnswer{kept->at("text").get<std::string>(), kept->at("prompt_tokens").get<std::int64_t>(),
                      kept->at("completion_tokens").get<std::int64_t>()};
  }
  const auto has_verdict = [](const std::string& text) { return parse_verdict(text).has_value(); };
  std::optional<ChatAnswer> answer = chat.ask(request, has_verdict);
  if (answer) {
    answers.add(key, {{"text", answer->text},
                      {"prompt_tokens", answer->prompt_tokens},
                      {"completion_tokens", answer->completion_tokens}});
  }
  return answer;
}

// None: stopped.
std::optional<Json> judge_pair(const StoryPair& pair, const JudgeOptions& options, PatientChat& chat,
                               ResultFile& answers) {
  Json line = {{"prompt", pair.prompt}, {"seed", pair.seed}};
  if (pair.a == pair.b) {
    line["outcome"] = to_string(Outcome::identical);
    return line;
  }
  const auto a_first = ask_judge(judge_question(pair.task, pair.a, pair.b), options, chat, answers);
  if (!a_first) return std::nullopt;
  const auto b_first = ask_judge(judge_question(pair.task, pair.b, pair.a), options, chat, answers);
  if (!b_first) return std::nullopt;
  const Judgement judgement = {parse_verdict(a_first->text), parse_verdict(b_first->text)};
  line["outcome"] = to_string(judgement.outcome());
  line["a_first"] = to_string(judgement.a_first);
  line["b_first"] = to_string(judgement.b_first);
  line["prompt_tokens"] = a_first->prompt_tokens + b_first->prompt_tokens;
  line["completion_tokens"] = a_first->completion_tokens + b_first->completion_tokens;
  return line;
}

std::optional<Verdict> verdict_named(const std::string& name) {
  for (const Verdict verdict : {Verdict::first, Verdict::second, Verdict::tie}) {
    if (to_string(std::optional(verdict)) == name) return verdict;
  }
  return std::nullopt;
}

Json describe_share(const Share& share) {
  const Interval interval = share.interval();
  return {{"count", share.count},
          {"of", share.of},
          {"mean", share.mean()},
          {"low", interval.low},
          {"high", interval.high}};
}

Json summarise_pairs(const std::vector<StoryPair>& pairs, const JudgeOptions& options,
                     const ResultFile& results) {
  std::vector<Judgement> judgements;
  std::int64_t prompt_tokens = 0, completion_tokens = 0;
  for (const StoryPair& pair : pairs) {
    const Json& line = *results.find(pair_key(pair));
    if (!line.contains("a_first")) continue;
    judgements.push_back({verdict_named(line.at("a_first").get<std::string>()),
                          verdict_named(line.at("b_first").get<std::string>())});
    prompt_tokens += line.at("prompt_tokens").get<std::int64_t>();
    completion_tokens += line.at("completion_tokens").get<std::int64_t>();
  }
  const Tally sums = tally(judgements);
  const double cost = (static_cast<double>(prompt_tokens) * options.price_in +
                       static_cast<double>(completion_tokens) * options.price_out) /
                      1e6;
  return {{"pairs", pairs.size()},
          {"identical", pairs.size() - judgements.size()},
          {"unclear", sums.unclear},
          {"judged", sums.win.of},
          {"win", describe_share(sums.win)},
          {"tie", describe_share(sums.tie)},
          {"loss", describe_share(sums.loss)},
          {"agreement", describe_share(sums.agreement)},
          {"first_chosen", describe_share(sums.first_chosen)},
          {"prompt_tokens", prompt_tokens},
          {"completion_tokens", completion_tokens},
          {"cost", cost}};
}

}  // namespace

Json describe(const JudgeOptions& options) {
  return {{"judge", options.url},
          {"judge_model", options.model},
          {"parameters", options.parameters},
          {"question", checksum(judge_question("", "", ""))},
          {"price_in", options.price_in},
          {"price_out", options.price_out}};
}

ResultFile open_answers(const std::filesystem::path& path) {
  return ResultFile(path, {{"experiment", "answers of judges"}});
}

bool judge_stories(const std::vector<StoryPair>& pairs, const JudgeOptions& options, PatientChat& chat,
                   ResultFile& answers, ResultFile& results) {
  std::int64_t done = 0;
  for (const StoryPair& pair : pairs) {
    const std::string key = pair_key(pair);
    if (results.find(key) == nullptr) {
      const std::optional<Json> line = judge_pair(pair, options, chat, answers);
      if (!line) return false;
      results.add(key, *line);
    }
    if (options.progress) options.progress(++done, std::ssize(pairs));
  }
  if (results.find("summary") == nullptr) results.add("summary", summarise_pairs(pairs, options, results));
  return true;
}

}  // namespace msrnn
