#include <algorithm>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"
#include "msrnn/generate.h"

#include "base/temporary_folder.h"
#include "base/utf8.h"
#include "eval/tasks/run_tasks.h"
#include "runtime/tiny_engine.h"
#include "support/test_data.h"

namespace msrnn::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

std::string whole_prompt(const char* task, Layout layout, const std::string& document, const char* question) {
  const PromptFrame parts = frame(find_task(task), layout, Turn::plain, {document}, question);
  return parts.before + document + parts.after;
}

TEST(TaskFrameTest, IsTheBenchmarks) {
  EXPECT_EQ(whole_prompt("squality", Layout::zeroscrolls, "{story}", "{question}"),
            "You are given a story and a question. Answer the question in a paragraph.\n\nStory:\n{story}\n\n"
            "Question:\n{question}\n\nAnswer:\n");
  EXPECT_EQ(
      whole_prompt("qasper", Layout::zeroscrolls, "{article}", "{question}"),
      "You are given a scientific article and a question. Answer the question as concisely as you can, "
      "using a single phrase or sentence if possible. If the question cannot be answered based on the "
      "information in the article, write \"unanswerable\". If the question is a yes/no question, answer "
      "\"yes\", \"no\", or \"unanswerable\".\n\nArticle:\n{article}\n\nQuestion:\n{question}\n\nAnswer:\n");
  EXPECT_EQ(whole_prompt("gov_report", Layout::zeroscrolls, "{report}", ""),
            "You are given a report by a government agency. Write a one-page summary of the report.\n\n"
            "Report:\n{report}\n\nSummary:\n");
}

TEST(TaskFrameTest, IsThePapers) {
  EXPECT_EQ(whole_prompt("squality", Layout::paper, "{story}", "{question}"),
            "{story}\n\nAnswer the question in a paragraph.\n\nQuestion:\n{question}\n\nAnswer:");
  EXPECT_EQ(whole_prompt("summ_screen_fd", Layout::paper, "{script}", ""),
            "{script}\n\nSummarize the episode in a paragraph.\n\nSummary:");
}

TEST(TaskFrameTest, ChatAsksForBrevityWhereTheAnswerIsNoSummary) {
  const auto before = [](const char* task, Layout layout) {
    return frame(find_task(task), layout, Turn::chat, {"d"}, "q").before;
  };
  EXPECT_THAT(before("musique", Layout::zeroscrolls),
              HasSubstr(". Do not provide any explanation.\n\nParagraphs:\n"));
  EXPECT_THAT(before("qmsum", Layout::zeroscrolls), ::testing::Not(HasSubstr("explanation")));
  EXPECT_EQ(before("musique", Layout::paper), "");
  EXPECT_THROW(parse_layout("Paper"), UsageError);
}

TEST(TaskFrameTest, ADocumentMaySayHowItIsCut) {
  const TextTask& task = find_task("quality");
  EXPECT_EQ(frame(task, Layout::zeroscrolls, Turn::plain, {"d"}, "q").after_cut,
            "... [The rest of the story is omitted]\n\nQuestion and Possible Answers:\nq\n\nAnswer:\n");
  EXPECT_EQ(frame(task, Layout::zeroscrolls, Turn::plain, {"d", "[cut]\n"}, "q").after_cut,
            "[cut]\nQuestion and Possible Answers:\nq\n\nAnswer:\n");
}

class TaskPromptTest : public ::testing::Test {
 protected:
  const Engine engine_ = tiny_engine();  // a token a byte, but for two pairs
  const TextTask& task_ = find_task("squality");
};

TEST_F(TaskPromptTest, CutsTheDocumentAloneAtItsEnd) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>('a' + i * i % 26);
  const TaskDocument document{text};
  const std::string whole = whole_prompt("squality", Layout::zeroscrolls, text, "Why?");
  const auto full = static_cast<std::int64_t>(engine_.tokenizer.encode(whole).size());
  for (const std::int64_t most : {full + 1, full, full - 1, full - 40, full - 250}) {
    const TaskPrompt prompt =
        TaskPromptMaker(engine_, task_, Layout::zeroscrolls, Turn::plain, most).make(document, "Why?");
    const std::string read = engine_.tokenizer.decode(prompt.tokens);
    if (most >= full) {
      EXPECT_EQ(read, whole);
      EXPECT_EQ(prompt.cut, 0);
      continue;
    }
    EXPECT_EQ(static_cast<std::int64_t>(prompt.tokens.size()), most);
    const PromptFrame parts = frame(task_, Layout::zeroscrolls, Turn::plain, document, "Why?");
    ASSERT_TRUE(read.starts_with(parts.before) && read.ends_with(parts.after_cut)) << read;
    const std::string kept =
        read.substr(parts.before.size(), read.size() - parts.before.size() - parts.after_cut.size());
    EXPECT_TRUE(text.starts_with(kept));
    EXPECT_EQ(prompt.cut,
              static_cast<std::int64_t>(engine_.tokenizer.encode(text.substr(kept.size())).size()));
  }
}

TEST_F(TaskPromptTest, NoRoomForTheDocument) {
  TaskPromptMaker maker(engine_, task_, Layout::paper, Turn::plain, 40);
  EXPECT_THROW(maker.make({std::string(300, 'x')}, "Why?"), UsageError);
}

TEST_F(TaskPromptTest, ChatNeedsATemplate) {
  EXPECT_THROW(TaskPromptMaker(engine_, task_, Layout::paper, Turn::chat, 4000), Error);
}

TEST_F(TaskPromptTest, ChatIsWhatTheTemplateMakesOfTheMessage) {
  if (!model_file()) GTEST_SKIP() << "MSRNN_MODEL is not set: no chat template to test with";
  const Engine engine = Engine::load(*model_file());
  const TaskDocument document{"A lighthouse keeper found a letter in a bottle.\n\nIt was for her."};
  for (const Layout layout : {Layout::zeroscrolls, Layout::paper}) {
    TaskPromptMaker maker(engine, task_, layout, Turn::chat, 4000);
    const PromptFrame parts = frame(task_, layout, Turn::chat, document, "Who wrote it?");
    const std::string rendered = engine.render_chat({{"user", parts.before + document.text + parts.after}});
    EXPECT_EQ(maker.make(document, "Who wrote it?").tokens,
              engine.tokenizer.encode(rendered, {.parse_special = true}));
    TaskPromptMaker narrow(engine, task_, layout, Turn::chat, 90);
    const TaskPrompt cut = narrow.make({std::string(2000, 'y')}, "Who wrote it?");
    EXPECT_EQ(cut.tokens.size(), 90u);
    EXPECT_THAT(engine.tokenizer.decode(cut.tokens), HasSubstr("Who wrote it?\n\nAnswer:"));
    EXPECT_TRUE(engine.tokenizer.decode(cut.tokens).ends_with("<|im_start|>assistant\n"));
  }
}

class RunTasksTest : public ::testing::Test {
 protected:
  RunTasksTest() {
    TaskSet set{&find_task("qasper"), {}, {}, 9};
    for (int document = 0; document < 3; ++document) {
      set.data.documents.push_back({std::string(static_cast<std::size_t>(30 + 20 * document), 'a') +
                                    "bcdefgh" + std::to_string(document)});
      for (int q = 0; q <= document; ++q) {
        const std::string id = fmt::format("{}-{}", document, q);
        set.data.questions.push_back(
            {id, set.data.documents.size() - 1, std::string(1 + 3u * q, 'q') + "?", {"one two", "e e e"}});
      }
    }
    make_prompts(set, 460);  // whole
    TaskSet unknown = set;   // the same without references
    unknown.task = &find_task("squality");
    for (TaskQuestion& question : unknown.data.questions) question.answers.clear();
    make_prompts(unknown, 100);  // cut
    sets_ = {std::move(set), std::move(unknown)};
  }

  void make_prompts(TaskSet& set, std::int64_t most) const {
    TaskPromptMaker maker(engine_, *set.task, Layout::paper, Turn::plain, most);
    set.prompts.clear();
    for (const TaskQuestion& question : set.data.questions) {
      set.prompts.push_back(maker.make(set.data.documents[question.document], question.text));
    }
  }

  // The lines of a run, by key.
  std::map<std::string, Json> lines(const std::filesystem::path& path) const {
    std::map<std::string, Json> found;
    for (const Json& line : read_results(path).results) {
      EXPECT_TRUE(found.emplace(line["key"].get<std::string>(), line).second);
    }
    return found;
  }

  std::map<std::string, Json> run(const std::string& name, const TaskRunOptions& options) const {
    {
      ResultFile results(folder_.path() / name, {{"experiment", "tasks"}});
      EXPECT_TRUE(run_tasks(engine_, sets_, settings_, results, options));
    }
    return lines(folder_.path() / name);
  }

  const TemporaryFolder folder_;
  const Engine engine_ = tiny_engine();
  const std::vector<Setting> settings_ = {{"full"}, {"tova", 12}, {"h2o", 20}, {"window+4", 16}};
  std::vector<TaskSet> sets_;
};

TEST_F(RunTasksTest, AnswersAreThoseOfEachPromptAlone) {
  const std::map<std::string, Json> found = run("all.jsonl", {.batch = 4, .block = 7});
  for (const TaskSet& set : sets_) {
    for (const Setting& setting : settings_) {
      for (std::size_t i = 0; i < set.prompts.size(); ++i) {
        Sequence sequence(engine_.model,
                          {.policy = setting.policy, .capacity = setting.size == 0 ? 512 : setting.size});
        sequence.read(set.prompts[i].tokens);
        const GenerateResult alone = generate(sequence, engine_.tokenizer, {.max_tokens = set.answer_tokens});
        const std::string key =
            fmt::format("{}/{}/{}", set.task->name, setting.key(), set.data.questions[i].id);
        ASSERT_TRUE(found.contains(key)) << key;
        const Json& line = found.at(key);
        EXPECT_EQ(line["answer_tokens"], alone.tokens.size()) << key;
        if (valid_utf8_prefix(alone.text) == alone.text.size()) {
          EXPECT_EQ(line["prediction"], alone.text) << key;
        }
        EXPECT_EQ(line["prompt_tokens"], set.prompts[i].tokens.size());
        EXPECT_EQ(line.contains("f1"), !set.data.questions[i].answers.empty());
      }
    }
  }
}

TEST_F(RunTasksTest, BatchAndBlockChangeNothing) {
  const std::map<std::string, Json> expected = run("one.jsonl", {.batch = 1, .block = 256});
  EXPECT_EQ(expected.size(), 2 * 4 * 6 + 4u);
  EXPECT_EQ(run("three.jsonl", {.batch = 3, .block = 5}), expected);
  EXPECT_EQ(run("many.jsonl", {.batch = 100, .block = 1}), expected);
}

TEST_F(RunTasksTest, GoesOnWhereItWasStopped) {
  const std::map<std::string, Json> expected = run("whole.jsonl", {});
  std::size_t stops = 0;
  for (bool done = false; !done; ++stops) {
    std::atomic<bool> cancel = false;
    int pieces = 0;
    const TaskRunOptions options = {
        .batch = 3,
        .block = 64,
        .cancel = &cancel,
        .progress = [&](std::int64_t now, std::int64_t total, const std::string&) {
          EXPECT_LE(now, total);
          cancel = ++pieces == 40;
        }};
    ResultFile results(folder_.path() / "stopped.jsonl", {{"experiment", "tasks"}});
    const std::size_t before = results.size();
    done = run_tasks(engine_, sets_, settings_, results, options);
    ASSERT_TRUE(done || results.size() > before) << "no headway";
  }
  EXPECT_GT(stops, 3u);
  EXPECT_EQ(lines(folder_.path() / "stopped.jsonl"), expected);
}

TEST_F(RunTasksTest, ProgressEndsWhereItSaid) {
  std::int64_t last = 0, all = 0;
  run("progress.jsonl", {.progress = [&](std::int64_t done, std::int64_t total, const std::string&) {
        EXPECT_GE(done, last);
        last = done;
        all = total;
      }});
  EXPECT_EQ(last, all);
  EXPECT_GT(all, 0);
}

// Of 1 + 2 + 3 questions about 3 documents, what their prompts begin with is read 3 times, not 6.
TEST_F(RunTasksTest, ADocumentIsReadOnce) {
  std::int64_t total = 0;
  const std::vector<TaskSet> one = {sets_[0]};
  ResultFile results(folder_.path() / "once.jsonl", {{"experiment", "tasks"}});
  run_tasks(engine_, one, std::vector<Setting>{{"tova", 12}}, results,
            {.progress = [&](std::int64_t, std::int64_t all, const std::string&) { total = all; }});
  std::int64_t prompts = 0, documents = 0;
  for (std::size_t i = 0; i < one[0].prompts.size(); ++i) {
    prompts += static_cast<std::int64_t>(one[0].prompts[i].tokens.size()) + one[0].answer_tokens;
    const std::size_t document = one[0].data.questions[i].document;
    const bool again = i > 0 && one[0].data.questions[i - 1].document == document;
    if (again) documents += static_cast<std::int64_t>(one[0].data.documents[document].text.size());
  }
  EXPECT_LE(total, prompts - documents);
}

TEST_F(RunTasksTest, SummariesAreOfTheLines) {
  const std::map<std::string, Json> found = run("summary.jsonl", {});
  EXPECT_FALSE(found.contains("summary/squality/full"));  // no references
  for (const Setting& setting : settings_) {
    const Json& summary = found.at(summary_key(find_task("qasper"), setting));
    double sum = 0;
    for (const TaskQuestion& question : sets_[0].data.questions) {
      sum += found.at(fmt::format("qasper/{}/{}", setting.key(), question.id))["f1"].get<double>();
    }
    EXPECT_NEAR(summary["score"].get<double>(), sum / 6, 1e-9);
    EXPECT_EQ(summary["questions"], 6);
    EXPECT_EQ(summary["documents"], 3);
    EXPECT_LE(summary["low"], summary["score"]);
    EXPECT_GE(summary["high"], summary["score"]);
  }
}

}  // namespace
}  // namespace msrnn::testing
