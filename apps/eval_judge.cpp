// msrnn eval judge: which of two sets of stories a judge likes better.
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "base/fail.h"
#include "base/stopwatch.h"
#include "eval.h"
#include "eval/judge.h"
#include "http.h"
#include "output.h"
#include "version.h"

namespace msrnn {
namespace {

struct JudgeCommand {
  std::string a, b, server, parameters, key_variable = "OPENAI_API_KEY";
  std::filesystem::path output, answers;
  double timeout = 120;
  JudgeOptions options;
  ChatPatience patience;

  void add_to(CLI::App& command);
  void run();

 private:
  void add_server_to(CLI::App& command);
  ChatTransport transport(HttpClient& http, const std::atomic<bool>& interrupted) const;
  ResultFile open_results(const StorySet& set_a, const StorySet& set_b) const;
  void print(const ResultFile& results, std::int64_t requests) const;
};

// From what people call the address of a server.
std::string chat_url(std::string address) {
  while (address.ends_with('/')) address.pop_back();
  if (address.ends_with("/chat/completions")) return address;
  return address + (address.ends_with("/v1") ? "/chat/completions" : "/v1/chat/completions");
}

void JudgeCommand::add_to(CLI::App& command) {
  command
      .add_option("A", a,
                  "Stories: a file of 'msrnn eval stories', with the state if it has several: FILE:tova/512")
      ->required();
  command.add_option("B", b, "The stories they are compared with")->required();
  add_server_to(command);
  command.add_option("-o,--output", output, "The results, one JSON object a line")
      ->type_name("FILE")
      ->required();
  command
      .add_option("--answers", answers,
                  "Where answers are kept, so that nothing is asked twice; several comparisons may share it. "
                  "Else the output's name with .answers after it")
      ->type_name("FILE");
  command.footer(
      "Example: msrnn eval judge s.jsonl:tova/512 s.jsonl:full --judge https://api.openai.com --model gpt-4 "
      "-o "
      "j.jsonl\n"
      "Every pair of stories of the same prompt and seed is shown twice, either one first. A wins where both "
      "answers say\n"
      "so, and loses where both say that B is better; all else is a tie. Pairs of identical texts are "
      "dropped. "
      "A failed\n"
      "request is repeated after a pause: first --pause seconds, doubled every time, or as long as the "
      "server "
      "says.\n"
      "The key of the server is read from the environment and written nowhere.");
}

void JudgeCommand::add_server_to(CLI::App& command) {
  command
      .add_option("--judge", server,
                  "A server with OpenAI's interface: /v1/chat/completions is added where it is missing")
      ->type_name("URL")
      ->required();
  command.add_option("--model", options.model, "The model that judges, as the server calls it")
      ->type_name("NAME")
      ->required();
  parameters = options.parameters.dump();
  command.add_option("--parameters", parameters, "Further fields of every request")
      ->type_name("JSON")
      ->capture_default_str();
  command.add_option("--key-variable", key_variable, "The variable of the environment with the server's key")
      ->type_name("NAME")
      ->capture_default_str();
  const auto add = [&command](const char* name, double& value, const char* type, const char* help) {
    command.add_option(name, value, help)
        ->type_name(type)
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
  };
  add("--pause", patience.pause, "SECONDS", "Before a failed request is repeated the first time");
  add("--rate", patience.per_minute, "N", "Requests a minute at most; 0: as fast as they are answered");
  add("--price-in", options.price_in, "PRICE", "Of a million tokens that the judge reads");
  add("--price-out", options.price_out, "PRICE", "Of a million tokens that the judge writes");
  command.add_option("--timeout", timeout, "An answer that takes longer is given up, and asked for again")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--attempts", patience.attempts, "How often one question is asked until it is answered")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
}

ChatTransport JudgeCommand::transport(HttpClient& http, const std::atomic<bool>& interrupted) const {
  const auto stopped = [&interrupted] { return interrupted.load(); };
  const auto send = [this, &http](const std::string& request) {
    HttpResponse response = http.post_json(options.url, request, timeout);
    return ChatResponse{response.status, response.problem, response.body, retry_after(response)};
  };
  const auto sleep = [stopped](double seconds) {
    constexpr double kStep = 0.05;
    const Stopwatch watch;
    for (double left = seconds; left > 0 && !stopped(); left = seconds - watch.seconds()) {
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, kStep)));
    }
  };
  const auto now = [watch = Stopwatch()] { return watch.seconds(); };
  return {.name = options.url, .send = send, .now = now, .sleep = sleep, .stopped = stopped};
}

ResultFile JudgeCommand::open_results(const StorySet& set_a, const StorySet& set_b) const {
  const auto stories = [](const StorySet& set) -> nlohmann::ordered_json {
    return {{"model", set.model}, {"state", set.state}, {"stories", set.checksum()}};
  };
  return ResultFile(output, {{"experiment", "judge"},
                             {"version", version()},
                             {"data", {{"a", stories(set_a)}, {"b", stories(set_b)}}},
                             {"options", describe(options)}});
}

void JudgeCommand::run() {
  options.url = chat_url(server);
  options.parameters = nlohmann::ordered_json::parse(parameters, nullptr, false);
  if (!options.parameters.is_object())
    fail_usage("--parameters: expected a JSON object, found '{}'", parameters);
  const StorySet set_a = read_stories(a), set_b = read_stories(b);
  const std::vector<StoryPair> pairs = pair_stories(set_a, set_b);
  const auto without_partner = set_a.stories.size() + set_b.stories.size() - 2 * pairs.size();
  if (without_partner > 0) {
    fmt::print(stderr, "msrnn: {} stories have no partner of the same prompt and seed\n", without_partner);
  }
  ResultFile results = open_results(set_a, set_b);
  if (answers.empty()) answers = output.string() + ".answers";
  ResultFile kept = open_answers(answers);
  const char* key = std::getenv(key_variable.c_str());
  std::int64_t requests = 0;
  do_or_interrupt(output, "judged", "pairs", [&](ProgressLine& line, const auto& interrupted) {
    HttpClient http(key == nullptr ? "" : key, interrupted);
    PatientChat chat(transport(http, interrupted), patience);
    options.progress = [&](std::int64_t done, std::int64_t total) {
      requests = chat.requests();
      line.update(done, total, fmt::format("{} requests", requests));
    };
    return judge_stories(pairs, options, chat, kept, results);
  });
  print(results, requests);
}

void JudgeCommand::print(const ResultFile& results, std::int64_t requests) const {
  const nlohmann::ordered_json& summary = *results.find("summary");
  const auto number = [&](const char* name) { return summary.at(name).get<std::int64_t>(); };
  print_text(fmt::format("{} pairs, {} of them identical, {} without a verdict\n", number("pairs"),
                         number("identical"), number("unclear")));
  const auto print_share = [&](const char* name, const std::string& label) {
    const nlohmann::ordered_json& share = summary.at(name);
    const auto percent = [&](const char* what) { return 100 * share.at(what).get<double>(); };
    print_text(fmt::format("{:28} {:5} of {:5}  {:5.1f} % ({:.1f} - {:.1f})\n", label,
                           share.at("count").get<std::int64_t>(), share.at("of").get<std::int64_t>(),
                           percent("mean"), percent("low"), percent("high")));
  };
  print_share("win", "A wins");
  print_share("tie", "ties");
  print_share("loss", "B wins");
  print_share("agreement", "both orders say the same");
  print_share("first_chosen", "the first shown is chosen");
  print_text(fmt::format("{} requests now; in all {} tokens read by the judge and {} written", requests,
                         number("prompt_tokens"), number("completion_tokens")));
  const auto cost = summary.at("cost").get<double>();
  print_text(cost > 0 ? fmt::format(", cost {:.4f}\n", cost) : "\n");
}

}  // namespace

void add_eval_judge(CLI::App& group) {
  CLI::App* command = group.add_subcommand("judge", "Let a judge compare the stories of two states");
  const auto self = std::make_shared<JudgeCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
