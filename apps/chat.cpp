// msrnn chat: a conversation that takes no more memory the longer it goes.
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "base/fail.h"
#include "chat_format.h"
#include "commands.h"
#include "generation_options.h"
#include "interrupt.h"
#include "line_reader.h"
#include "model_options.h"
#include "output.h"

namespace msrnn {
namespace {

constexpr std::string_view kHelp =
    "/save FILE   write the conversation's state to a file\n"
    "/load FILE   go on with a saved one\n"
    "/reset       forget everything but the system prompt\n"
    "/stats       what the state holds\n"
    "/exit        leave (also Ctrl-D)\n"
    "Ctrl-C stops an answer. A message that begins with / needs a blank before it.\n";

struct ChatArguments {
  ModelArguments model;
  StateArguments state;
  GenerationArguments generation{{.max_tokens = 1024, .sampler = {.temperature = 0.7f, .top_p = 0.9f}}};
  std::string system;
  bool no_pin_system = false;

  void add_to(CLI::App& command);
};

class Conversation {
 public:
  Conversation(const Engine& engine, const ChatArguments& arguments)
      : engine_(engine), arguments_(arguments), format_(engine, arguments.system), sequence_(begin()) {}

  // Reads the message and writes the answer as it comes.
  void answer(const std::string& message, const std::atomic<bool>& cancel);
  void save(const std::string& path) const { sequence_.state().save(path, unread_); }
  void load(const std::string& path);
  void reset();
  std::string statistics() const;

 private:
  Sequence begin() const;

  const Engine& engine_;
  const ChatArguments& arguments_;
  ChatFormat format_;
  Sequence sequence_;
  std::vector<Token> unread_;
  std::int64_t answers_ = 0;
};

void Conversation::answer(const std::string& message, const std::atomic<bool>& cancel) {
  const bool fresh = sequence_.state().position() == 0 && unread_.empty();
  const std::vector<Token> tokens = fresh ? format_.first(message) : format_.next(message, unread_);
  const auto progress = [&](std::int64_t, std::int64_t) { return !cancel; };
  const auto n_read = static_cast<std::ptrdiff_t>(
      sequence_.read(tokens, {.block = arguments_.state.block, .progress = progress}));
  unread_.assign(tokens.begin() + n_read, tokens.end());
  if (!unread_.empty()) return;

  GenerateOptions options = arguments_.generation.options;
  options.sampler.seed += static_cast<std::uint64_t>(answers_++);
  options.start = StreamDecoder::Start::text;
  options.stream = print_text;
  options.cancel = &cancel;
  unread_ = generate(sequence_, engine_.tokenizer, options).unread;
}

void Conversation::load(const std::string& path) {
  MultiState::Saved saved = MultiState::load(path, engine_.model);
  arguments_.state.check_agrees(saved.state);
  sequence_ = Sequence(engine_.model, std::move(saved.state));
  unread_ = std::move(saved.unread);
}

Sequence Conversation::begin() const {
  Sequence sequence(engine_.model, arguments_.state.options());
  if (!arguments_.no_pin_system) sequence.state().pin(0, format_.system_tokens());
  return sequence;
}

void Conversation::reset() {
  sequence_ = begin();
  unread_.clear();
}

std::string Conversation::statistics() const {
  const MultiState& state = sequence_.state();
  std::string capacity = fmt::format("{}", state.capacity(0));
  for (int layer = 1; layer < state.n_layers(); ++layer) {
    if (state.capacity(layer) != state.capacity(0)) capacity = "different numbers of";
  }
  return fmt::format("{} tokens read; {} keeps {} tokens in a layer, {:.2f} MB in all\n", state.position(),
                     state.options().policy, capacity, static_cast<double>(state.bytes()) / 1e6);
}

// Obeys "/word argument". False: leave.
bool obey(const std::string& line, Conversation& conversation) {
  const std::size_t blank = line.find(' ');
  const std::string command = line.substr(0, blank);
  const std::size_t begin = line.find_first_not_of(' ', blank);
  const std::string argument =
      begin == std::string::npos || blank == std::string::npos ? "" : line.substr(begin);
  if (command == "/exit" || command == "/quit") return false;
  if (command == "/help") {
    fmt::print(stderr, "{}", kHelp);
  } else if (command == "/stats") {
    fmt::print(stderr, "{}", conversation.statistics());
  } else if (command == "/reset") {
    conversation.reset();
  } else if (command == "/save" || command == "/load") {
    if (argument.empty()) fail_usage("{} needs a file", command);
    command == "/save" ? conversation.save(argument) : conversation.load(argument);
    fmt::print(stderr, "{}", conversation.statistics());
  } else {
    fail_usage("unknown command {}; /help lists them", command);
  }
  return true;
}

// False: leave.
bool take_turn(const std::string& line, Conversation& conversation, const InterruptGuard& interrupt) {
  if (line.empty()) return true;
  if (line.front() == '/') return obey(line, conversation);
  conversation.answer(line, interrupt.requested());
  return print_text("\n");
}

void run_chat(const ChatArguments& arguments) {
  const Engine engine = arguments.model.load();
  Conversation conversation(engine, arguments);
  LineReader reader("> ");
  if (reader.on_terminal()) {
    fmt::print(stderr, "{}; /help tells what can be done here\n", engine.model.config().name);
  }
  bool failed = false;
  for (bool go_on = true; go_on;) {
    const InterruptGuard interrupt;
    const std::optional<std::string> line = reader.read();
    if (interrupt.requested() && !reader.on_terminal()) throw CLI::RuntimeError(kInterrupted);
    if (!line && !interrupt.requested()) break;
    try {
      go_on = take_turn(line.value_or(""), conversation, interrupt);
    } catch (const Error& error) {
      fmt::print(stderr, "msrnn: {}\n", error.what());
      failed = true;
    }
  }
  check_output();
  // Nobody reads the messages of a script.
  if (failed && !reader.on_terminal()) throw CLI::RuntimeError(1);
}

void ChatArguments::add_to(CLI::App& command) {
  model.add_to(command);
  command.add_option("--system", system, "The system prompt, instead of the one the model's template has")
      ->type_name("TEXT");
  command.add_flag("--no-pin-system", no_pin_system, "The policy may drop tokens of the system prompt");
  generation.add_to(command);
  state.add_to(command);
  command.footer(
      "Reads one message a line from standard input and answers it. The state keeps its size however long\n"
      "the conversation goes; what the policy drops is forgotten, the system prompt never is.\n"
      "Example: msrnn chat --system 'You are a pirate.' --state 1024");
}

}  // namespace

void add_chat(CLI::App& app) {
  CLI::App* command = app.add_subcommand("chat", "Talk with the model");
  const auto arguments = std::make_shared<ChatArguments>();
  arguments->add_to(*command);
  command->callback([arguments] { run_chat(*arguments); });
}

}  // namespace msrnn
