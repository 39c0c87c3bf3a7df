#include "eval/tasks/task_data.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "msrnn/error.h"

#include "base/temporary_folder.h"
#include "eval/tasks/task_files.h"
#include "support/test_data.h"

namespace msrnn::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::ordered_json;

class TaskDataTest : public ::testing::Test {
 protected:
  TaskData read(const std::string& name, const std::string& content, const char* task = "squality") const {
    return read_task_data(folder_.write(name, content), find_task(task));
  }

  void expect_failure(const std::string& content, const std::string& message, const char* task = "squality",
                      const char* name = "data.jsonl") const {
    try {
      read(name, content, task);
      ADD_FAILURE() << "expected: " << message;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }

  static Json plain_row(const char* id, const char* document = "A story.") {
    return {{"id", id}, {"document", document}, {"question", "Why?"}, {"answers", {"So.", "Thus."}}};
  }

  // A finished input, with its parts where the benchmark says they are.
  static Json zeroscrolls_row(const std::string& before, const std::string& document,
                              const std::string& query) {
    const auto characters = [](const std::string& text) {
      return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
    };
    const auto begin = characters(before), end = begin + characters(document);
    return {{"id", "z1"},
            {"pid", "z1_0"},
            {"input", before + document + query + "Answer:\n"},
            {"output", "So."},
            {"document_start_index", begin},
            {"document_end_index", end},
            {"query_start_index", end},
            {"query_end_index", end + characters(query)},
            {"truncation_seperator", "... [cut]\n\n"}};
  }

  static Json qasper(const Json& answer) {
    return {
        {"2001.1",
         {{"title", "T"},
          {"abstract", "Not a part of it."},
          {"full_text",
           {{{"section_name", "Introduction"}, {"paragraphs", {"One.", "", "Two."}}},
            {{"section_name", nullptr}, {"paragraphs", {"Three."}}}}},
          {"qas", {{{"question", "Why?"}, {"question_id", "q1"}, {"answers", {{{"answer", answer}}}}}}}}}};
  }
  static Json qasper_answer() {
    return {{"unanswerable", false},
            {"extractive_spans", Json::array()},
            {"free_form_answer", ""},
            {"yes_no", nullptr}};
  }

  const TemporaryFolder folder_;
};

TEST_F(TaskDataTest, PlainRowsShareTheirDocument) {
  const std::string rows =
      plain_row("a").dump() + "\n\n" + plain_row("b").dump() + "\r\n" + plain_row("c", "Another.").dump();
  const TaskData data = read("data.jsonl", rows);
  ASSERT_EQ(data.questions.size(), 3u);
  ASSERT_EQ(data.documents.size(), 2u);
  EXPECT_EQ(data.questions[1].document, 0u);
  EXPECT_EQ(data.questions[2].document, 1u);
  EXPECT_EQ(data.questions[2].id, "c");
  EXPECT_EQ(data.questions[2].text, "Why?");
  EXPECT_THAT(data.questions[2].answers, ElementsAre("So.", "Thus."));
}

TEST_F(TaskDataTest, QuestionsOfADocumentComeTogether) {
  std::string rows;
  for (int i = 0; i < 6; ++i) {
    const std::string id = std::to_string(i), document = "Story " + std::to_string(i % 3);
    rows += plain_row(id.c_str(), document.c_str()).dump() + "\n";
  }
  TaskData data = read("data.jsonl", rows);
  ASSERT_EQ(data.documents.size(), 3u);
  EXPECT_EQ(data.documents[1].text, "Story 1");
  std::vector<std::string> ids;
  std::vector<std::size_t> documents;
  for (const TaskQuestion& question : data.questions) {
    ids.push_back(question.id);
    documents.push_back(question.document);
  }
  EXPECT_THAT(ids, ElementsAre("0", "3", "1", "4", "2", "5"));
  EXPECT_THAT(documents, ElementsAre(0, 0, 1, 1, 2, 2));
  data.keep_first(3);
  EXPECT_EQ(data.documents.size(), 2u);
}

TEST_F(TaskDataTest, LimitsLeaveTheDocumentsOfWhatIsLeft) {
  TaskData data = read("data.jsonl", plain_row("a").dump() + "\n" + plain_row("b").dump() + "\n" +
                                         plain_row("c", "Another.").dump());
  data.keep_first(9);
  EXPECT_EQ(data.questions.size(), 3u);
  data.keep_first(2);
  EXPECT_EQ(data.questions.size(), 2u);
  EXPECT_EQ(data.documents.size(), 1u);
}

TEST_F(TaskDataTest, SqualitysRelease) {
  const Json row = {
      {"metadata", {{"passage_id", "40968"}, {"uid", "u"}}},
      {"document", "A story."},
      {"questions",
       {{{"question_text", "What happens?"},
         {"question_number", 1},
         {"responses",
          {{{"worker_id", "6"}, {"response_text", "This."}},
           {{"worker_id", "1"}, {"response_text", "That."}}}}},
        {{"question_text", "Who?"}, {"question_number", 2}, {"responses", {{{"response_text", "She."}}}}}}}};
  const TaskData data = read("dev.jsonl", row.dump() + "\n");
  ASSERT_EQ(data.documents.size(), 1u);
  ASSERT_EQ(data.questions.size(), 2u);
  EXPECT_EQ(data.questions[0].id, "40968-q1");
  EXPECT_EQ(data.questions[0].text, "What happens?");
  EXPECT_THAT(data.questions[0].answers, ElementsAre("This.", "That."));
  EXPECT_THAT(data.questions[1].answers, ElementsAre("She."));
}

TEST_F(TaskDataTest, ZeroscrollsInputsAreTakenApartByCharacters) {
  const Json row =
      zeroscrolls_row("Grüße, 世界.\n\n", "Story:\nEs wär 😀 schön.\n\n", "Question:\nWarum – é?\n\n");
  Json again = row;
  again["output"] = "Thus.";
  const TaskData data = read("validation.jsonl", row.dump() + "\n" + again.dump());
  ASSERT_EQ(data.questions.size(), 1u);
  EXPECT_EQ(data.documents[0].text, "Es wär 😀 schön.");
  EXPECT_EQ(data.documents[0].omitted, "... [cut]\n\n");
  EXPECT_EQ(data.questions[0].text, "Warum – é?");
  EXPECT_THAT(data.questions[0].answers, ElementsAre("So.", "Thus."));
}

TEST_F(TaskDataTest, ZeroscrollsKeepsTestAnswersToItself) {
  Json row = zeroscrolls_row("Do it.\n\n", "Report:\nText.", "");
  row["output"] = nullptr;
  const TaskData data = read("test.jsonl", row.dump(), "gov_report");
  EXPECT_EQ(data.documents[0].text, "Text.");
  EXPECT_EQ(data.questions[0].text, "");
  EXPECT_THAT(data.questions[0].answers, IsEmpty());
}

TEST_F(TaskDataTest, QaspersRelease) {
  const auto reference = [&](const char* key, const Json& value) {
    Json answer = qasper_answer();
    answer[key] = value;
    return read("qasper.json", qasper(answer).dump(), "qasper").questions.at(0).answers.at(0);
  };
  EXPECT_EQ(reference("unanswerable", true), "Unanswerable");
  EXPECT_EQ(reference("extractive_spans", {"one", "two"}), "one, two");
  EXPECT_EQ(reference("free_form_answer", "Because."), "Because.");
  EXPECT_EQ(reference("yes_no", true), "Yes");
  EXPECT_EQ(reference("yes_no", false), "No");
  Json answer = qasper_answer();
  answer["yes_no"] = true;
  const TaskData data = read("qasper.json", qasper(answer).dump(), "qasper");
  EXPECT_EQ(data.documents.at(0).text, "Introduction\nOne.\nTwo.\n\nThree.");
  EXPECT_EQ(data.questions.at(0).id, "q1");
}

TEST_F(TaskDataTest, BrokenRows) {
  const std::string good = plain_row("a").dump() + "\n";
  for (const std::string field : {"id", "document", "question", "answers"}) {
    Json row = plain_row("b");
    row.erase(field);
    expect_failure(good + row.dump(), "data.jsonl: line 2: " + field + ": expected");
    row[field] = 7;
    expect_failure(good + row.dump(), "data.jsonl: line 2: " + field + ": expected");
  }
  Json row = plain_row("b");
  row["answers"] = Json::array();
  expect_failure(row.dump(), "line 1: answers: expected at least one reference");
  expect_failure(good + "{\"id\": \"b\", ", "data.jsonl: line 2: not valid JSON");
  expect_failure(good + "{\"id\": \"\xFF\"}", "data.jsonl: line 2: not valid JSON");
  expect_failure(good + "7", "data.jsonl: line 2: expected a JSON object");
  expect_failure(good + good, "data.jsonl: line 2: the id a is there already");
  expect_failure(plain_row("b", " \n\t").dump(), "data.jsonl: line 1: the document is empty");
  row = plain_row("b");
  row["question"] = "";
  expect_failure(row.dump(), "data.jsonl: line 1: the question is empty");
  expect_failure("\n\n", "data.jsonl: holds no questions");
  expect_failure("", "data.jsonl: holds no questions");
  expect_failure(good, "expected a file whose name ends in .jsonl or .json", "squality", "data.csv");
  EXPECT_THROW(read_task_data(folder_.path() / "nowhere.jsonl", find_task("qasper")), Error);
  EXPECT_THROW(read_task_data(folder_.path(), find_task("qasper")), Error);
}

TEST_F(TaskDataTest, BrokenReleases) {
  Json row = zeroscrolls_row("Do.\n\n", "Story:\nText.", "Question:\nWhy?");
  row["query_end_index"] = 1000;
  expect_failure(row.dump(), "line 1: query_end_index: expected 0 to");
  row["query_end_index"] = -1;
  expect_failure(row.dump(), "line 1: query_end_index: expected 0 to");
  row = zeroscrolls_row("Do.\n\n", "Story:\nText.", "Question:\nWhy?");
  row["document_end_index"] = 2;
  expect_failure(row.dump(), "line 1: document_end_index: expected at least 5, found 2");
  row.erase("document_start_index");
  expect_failure(row.dump(), "line 1: document_start_index: expected an integer, found nothing");
  row = {{"metadata", {{"passage_id", "1"}}},
         {"document", "Text."},
         {"questions", {{{"question_text", "Why?"}}}}};
  expect_failure(row.dump(), "line 1: questions[0]: question_number: expected an integer");
  expect_failure(qasper(qasper_answer()).dump(),
                 "data.json: paper 2001.1: qas[0]: answers[0]: holds no answer", "qasper", "data.json");
  expect_failure(R"({"1": {"full_text": 3}})", "data.json: paper 1: full_text: expected an array", "qasper",
                 "data.json");
  expect_failure(R"({"1": [1]})", "data.json: paper 1: expected an object, found array", "qasper",
                 "data.json");
  expect_failure("{}", "data.json: holds no questions", "qasper", "data.json");
}

TEST_F(TaskDataTest, PublicData) {
  const auto data = path_from_environment("MSRNN_DATA");
  if (!data) GTEST_SKIP() << "MSRNN_DATA is not set: no data sets to read";
  const TaskData squality = read_task_data(*data / "squality" / "squality.jsonl", find_task("squality"));
  EXPECT_EQ(squality.questions.size(), 260u);
  EXPECT_EQ(squality.documents.size(), 52u);
  for (const TaskQuestion& question : squality.questions) EXPECT_EQ(question.answers.size(), 4u);
  const TaskData qasper = read_task_data(*data / "qasper" / "qasper.jsonl", find_task("qasper"));
  EXPECT_EQ(qasper.questions.size(), 90u);
  EXPECT_EQ(qasper.documents.size(), 43u);
}

TEST_F(TaskDataTest, FindsFiles) {
  const TextTask *squality = &find_task("squality"), *qasper = &find_task("qasper");
  std::filesystem::create_directory(folder_.path() / "squality");
  const auto nested = folder_.write("squality/squality.jsonl", "x");
  const auto flat = folder_.write("qasper.jsonl", "x");
  const auto other = folder_.write("other=.json", "x");
  const std::vector<std::string> folder = {folder_.path().string()};
  const std::vector<const TextTask*> both = {squality, qasper};
  EXPECT_THAT(find_task_files(folder, both), ElementsAre(nested, flat));
  const std::vector<std::string> named = {folder[0], "squality=" + other.string()};
  EXPECT_THAT(find_task_files(named, both), ElementsAre(other, flat));
  EXPECT_THAT(find_task_files(std::vector{other.string()}, std::vector{squality}), ElementsAre(other));
}

TEST_F(TaskDataTest, FindsFilesAsTheyWereReleased) {
  const TextTask *squality = &find_task("squality"), *qasper = &find_task("qasper");
  const auto find = [&](const TextTask* task) {
    return find_task_files(std::vector{folder_.path().string()}, std::vector{task}).at(0);
  };
  std::filesystem::create_directories(folder_.path() / "v1-3" / "txt");
  for (const char* task : {"squality", "qasper", "musique"}) {
    std::filesystem::create_directory(folder_.path() / task);
  }
  // What comes later is preferred.
  for (const char* name : {"qasper/test.jsonl", "qasper/validation.jsonl", "qasper-dev-v0.3.json",
                           "qasper/qasper-dev-v0.3.json", "qasper-test-v0.3.json", "qasper.jsonl"}) {
    const auto written = folder_.write(name, "x");
    EXPECT_EQ(find(qasper), written);
  }
  for (const char* name : {"squality/test.jsonl", "v1-3/txt/test.jsonl"}) {
    const auto written = folder_.write(name, "x");
    EXPECT_EQ(find(squality), written);
  }
  const auto written = folder_.write("musique/validation.jsonl", "x");
  EXPECT_EQ(find(&find_task("musique")), written);
}

TEST_F(TaskDataTest, FilesThatAreNotThere) {
  const std::string file = folder_.write("x.jsonl", "x").string();
  const auto expect = [&](const std::vector<std::string>& places, const std::vector<const TextTask*>& tasks,
                          const std::string& message) {
    try {
      find_task_files(places, tasks);
      ADD_FAILURE() << "expected: " << message;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  };
  const TextTask *squality = &find_task("squality"), *qasper = &find_task("qasper");
  expect({folder_.path().string()}, {qasper},
         "qasper: no data: a folder has it as one of qasper/qasper.jsonl, qasper.jsonl, "
         "qasper/qasper-test-v0.3.json, qasper-test-v0.3.json, qasper/qasper-dev-v0.3.json, "
         "qasper-dev-v0.3.json, qasper/validation.jsonl, qasper/test.jsonl; or name it, qasper=FILE");
  expect({"/nowhere"}, {qasper}, "/nowhere: there is no such file");
  expect({file}, {squality, qasper}, "say which task it is of");
  expect({"squality=" + file}, {qasper}, "squality is not among the tasks");
  expect({"qasper=" + file, "qasper=" + file}, {qasper}, "qasper has a file already");
  EXPECT_THROW(find_task("space_digest"), UsageError);
}

}  // namespace
}  // namespace msrnn::testing
