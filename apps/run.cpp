// msrnn run: reads a text and writes on.
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/fail.h"
#include "base/stopwatch.h"
#include "chat_format.h"
#include "commands.h"
#include "encode_text.h"
#include "generation_options.h"
#include "interrupt.h"
#include "model_options.h"
#include "output.h"
#include "output_file.h"
#include "policy/slot.h"
#include "progress.h"
#include "runtime/generation.h"

namespace msrnn {
namespace {

struct RunReport {
  std::int64_t read = 0;
  double read_seconds = 0, write_seconds = 0;
  GenerateResult result;
  bool interrupted = false;

  double read_speed() const { return read_seconds > 0 ? static_cast<double>(read) / read_seconds : 0; }
  // The first token comes from reading the text.
  double write_speed() const {
    const auto n = static_cast<double>(result.tokens.size());
    return n > 1 && write_seconds > 0 ? (n - 1) / write_seconds : 0;
  }
};

struct RunCommand {
  ModelArguments model;
  StateArguments state;
  GenerationArguments generation;
  std::optional<std::string> text;
  std::string file, load_state, save_state;
  std::vector<std::string> pins;
  bool chat = false, parse_special = false, json = false, quiet = false, progress = false;

  void add_to(CLI::App& command);
  void run();

 private:
  std::optional<std::string> input() const;
  Sequence open(const Engine& engine, std::vector<Token>& unread) const;
  std::vector<Token> encode(const Engine& engine, const Sequence& sequence,
                            const std::optional<std::string>& input, std::vector<Token> unread) const;
  RunReport read_and_write(const Engine& engine, Sequence& sequence, std::span<const Token> tokens) const;
  void print_json(const RunReport& report, const MultiState& multi_state) const;
  void print_statistics(const RunReport& report, const MultiState& multi_state) const;
};

std::vector<Span> parse_pins(const std::vector<std::string>& texts) {
  std::vector<Span> spans;
  for (const std::string& text : texts) {
    Span span;
    const char* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, span.begin);
    const bool colon = first.ec == std::errc{} && first.ptr != end && *first.ptr == ':';
    const auto second = colon ? std::from_chars(first.ptr + 1, end, span.end) : first;
    if (!colon || second.ec != std::errc{} || second.ptr != end) {
      fail_usage("--pin: expected A:B, two positions, found '{}'", text);
    }
    spans.push_back(span);
  }
  return spans;
}

void RunCommand::add_to(CLI::App& command) {
  model.add_to(command);
  auto* prompt = command.add_option("-p,--prompt", text, "The text to go on from")->type_name("TEXT");
  command.add_option("-f,--file", file, "A file with the text; - is standard input, as without -p and -f")
      ->type_name("FILE")
      ->excludes(prompt);
  command.add_flag("--parse-special", parse_special,
                   "Take the names of special tokens in the text, such as <|im_end|>, for these tokens");
  command.add_flag("--chat", chat, "The text is a message to the model, to be answered");
  generation.add_to(command);
  state.add_to(command);
  command
      .add_option("--pin", pins,
                  "Tokens A to B-1 of what is read are never dropped; may be given several times")
      ->type_name("A:B")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--save-state", save_state, "Write the state to this file at the end")
      ->type_name("FILE");
  command
      .add_option("--load-state", load_state,
                  "Go on from a saved state; the text, if -p or -f gives one, comes next")
      ->type_name("FILE");
  command.add_flag("--json", json, "Print one JSON object instead of the text");
  auto* silent = command.add_flag("-q,--quiet", quiet, "No progress and no statistics");
  command.add_flag("--progress", progress, "Show progress even where standard error is no terminal")
      ->excludes(silent);
  command.footer(
      "Examples:\n"
      "  msrnn run -p 'Once upon a time' -n 200 --temperature 0.8 --seed 7\n"
      "  msrnn run -f book.txt --policy decayed --state 256 -n 100\n"
      "  msrnn run -f book.txt -n 0 --save-state book.state\n"
      "  msrnn run --load-state book.state -n 100\n"
      "Ctrl-C stops after the present token; the state is then still saved.");
}

// The text, or nothing if a loaded state simply goes on.
std::optional<std::string> RunCommand::input() const {
  if (text) return *text;
  if (!file.empty()) return read_text(file);
  if (!load_state.empty()) return std::nullopt;
  if (::isatty(STDIN_FILENO) == 1) {
    fail_usage("no text: give one with -p TEXT or -f FILE, or on standard input");
  }
  return read_text("-");
}

// The sequence as it is before the text, with the tokens that come before it.
Sequence RunCommand::open(const Engine& engine, std::vector<Token>& unread) const {
  if (load_state.empty()) return Sequence(engine.model, state.options());
  MultiState::Saved saved = MultiState::load(load_state, engine.model);
  state.check_agrees(saved.state);
  unread = std::move(saved.unread);
  return Sequence(engine.model, std::move(saved.state));
}

std::vector<Token> RunCommand::encode(const Engine& engine, const Sequence& sequence,
                                      const std::optional<std::string>& input,
                                      std::vector<Token> unread) const {
  if (!input) return unread;
  const bool fresh = sequence.state().position() == 0 && unread.empty();
  if (chat) {
    const ChatFormat format(engine, "");
    return fresh ? format.first(*input) : format.next(*input, std::move(unread));
  }
  std::vector<Token> tokens =
      encode_text(engine.tokenizer, *input, {.add_special = fresh, .parse_special = parse_special});
  // A text to go on from has not ended.
  if (fresh && !tokens.empty() && tokens.back() == engine.tokenizer.eos()) tokens.pop_back();
  unread.insert(unread.end(), tokens.begin(), tokens.end());
  return unread;
}

RunReport RunCommand::read_and_write(const Engine& engine, Sequence& sequence,
                                     std::span<const Token> tokens) const {
  const InterruptGuard interrupt;
  RunReport report;
  // If nothing is to be written, the last token stays unread: whoever goes on needs what follows it.
  const bool hold_last = generation.options.max_tokens == 0 && state.prompt_mode == "per-step";
  const std::span<const Token> now = tokens.first(tokens.size() - (hold_last ? 1 : 0));
  const Stopwatch reading;
  {
    ProgressLine line("read");
    const bool shown = progress || (!quiet && ::isatty(STDERR_FILENO) == 1);
    const auto on_block = [&](std::int64_t done, std::int64_t total) {
      if (shown) line.update(done, total);
      return !interrupt.requested();
    };
    report.read = state.read_prompt(sequence, now, {.block = state.block, .progress = on_block});
  }
  report.read_seconds = reading.seconds();
  const std::span<const Token> left = tokens.subspan(static_cast<std::size_t>(report.read));
  if (!left.empty()) {
    report.result.unread.assign(left.begin(), left.end());
    report.interrupted = interrupt.requested();
    report.result.reason = report.interrupted ? StopReason::cancelled : StopReason::max_tokens;
    return report;
  }
  GenerateOptions options = generation.options;
  options.cancel = &interrupt.requested();
  if (chat) options.start = StreamDecoder::Start::text;
  if (!json) options.stream = print_text;
  const Stopwatch writing;
  report.result = generate(sequence, engine.tokenizer, options, tokens);
  report.write_seconds = writing.seconds();
  report.interrupted = interrupt.requested();
  return report;
}

void RunCommand::print_json(const RunReport& report, const MultiState& multi_state) const {
  const nlohmann::ordered_json object = {
      {"text", report.result.text},
      {"tokens", report.result.tokens},
      {"stop_reason", to_string(report.result.reason)},
      {"prompt_tokens", report.read},
      {"read_seconds", report.read_seconds},
      {"read_tokens_per_second", report.read_speed()},
      {"write_seconds", report.write_seconds},
      {"write_tokens_per_second", report.write_speed()},
      {"policy", multi_state.options().policy},
      {"position", multi_state.position()},
      {"state_bytes", multi_state.bytes()},
  };
  // A text that was cut in the middle of a character is not valid UTF-8.
  print_text(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void RunCommand::print_statistics(const RunReport& report, const MultiState& multi_state) const {
  fmt::print(stderr,
             "read {} tokens, {:.1f}/s; wrote {}, {:.1f}/s ({}); {} state of {:.2f} MB after {} tokens\n",
             report.read, report.read_speed(), report.result.tokens.size(), report.write_speed(),
             to_string(report.result.reason), multi_state.options().policy,
             static_cast<double>(multi_state.bytes()) / 1e6, multi_state.position());
}

void RunCommand::run() {
  const std::vector<Span> spans = parse_pins(pins);
  if (!save_state.empty()) check_writable(save_state);
  const std::optional<std::string> new_text = input();
  const Engine engine = model.load();
  std::vector<Token> unread;
  Sequence sequence = open(engine, unread);
  for (const Span span : spans) sequence.state().pin(span.begin, span.end);
  const std::vector<Token> tokens = encode(engine, sequence, new_text, std::move(unread));
  if (tokens.empty())
    fail_usage("nothing to go on from: no text, and no token that a saved state left unread");

  const RunReport report = read_and_write(engine, sequence, tokens);
  if (json) {
    print_json(report, sequence.state());
  } else if (::isatty(STDOUT_FILENO) == 1) {
    print_text("\n");
  }
  if (!save_state.empty()) sequence.state().save(save_state, report.result.unread);
  if (!quiet) print_statistics(report, sequence.state());
  check_output();
  if (report.interrupted) throw CLI::RuntimeError(kInterrupted);
}

}  // namespace

void add_run(CLI::App& app) {
  CLI::App* command = app.add_subcommand("run", "Read a text and write on");
  const auto self = std::make_shared<RunCommand>();
  self->add_to(*command);
  command->callback([self] { self->run(); });
}

}  // namespace msrnn
