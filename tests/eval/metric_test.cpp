// Expected values are those of rouge-score 0.1.2 and of SQuAD's script; compare_metrics.py compares many
// more.
#include "eval/metrics/metric.h"

#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "msrnn/error.h"

#include "base/temporary_folder.h"
#include "eval/metrics/predictions.h"
#include "eval/settings.h"

namespace msrnn::testing {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

struct GoldenScores {
  const char* prediction;
  const char* reference;
  double rouge1, rouge2, rouge_l, f1;
};

constexpr GoldenScores kGolden[] = {
    {"The cat sat on the mat.", "A cat sat on a mat!", 2.0 / 3, 0.4, 2.0 / 3, 1},
    {"a b c d", "d c b a", 1, 0, 0.25, 1},
    {"the the the", "the", 0.5, 0, 0.5, 0},
    {"", "nothing", 0, 0, 0, 0},
    {"...", "...", 0, 0, 0, 0},
    {"İstanbul \u212A 5", "istanbul k 5", 0.5714285714, 0.4, 0.5714285714, 2.0 / 3},
    {"x_y naïve café", "x y na ve caf", 1, 1, 1, 0},
    {"one two two three", "two two one three three", 0.8888888889, 0.2857142857, 2.0 / 3, 0.8888888889},
    {"ΟΔΟΣ the", "οδος", 0, 0, 0, 1},
    {"a\u0301b an", "\u0301b", 0.5, 0, 0.5, 1},
    {"co-operate, it's", "cooperate its", 0, 0, 0, 1},
    {"Yes", "Yes, the", 2.0 / 3, 0, 2.0 / 3, 1},
    {"\u00A0a\u3000word\u2028", "word", 2.0 / 3, 0, 2.0 / 3, 1},
    {"an", "a", 0, 0, 0, 0},
};

TEST(MetricTest, IsWhatThePackagesCompute) {
  for (const GoldenScores& golden : kGolden) {
    SCOPED_TRACE(golden.prediction);
    const std::vector<std::string> references = {golden.reference};
    const std::vector<double> rouge = score(Metric::rouge, golden.prediction, references);
    EXPECT_NEAR(rouge[0], 100 * golden.rouge1, 1e-6);
    EXPECT_NEAR(rouge[1], 100 * golden.rouge2, 1e-6);
    EXPECT_NEAR(rouge[2], 100 * golden.rouge_l, 1e-6);
    EXPECT_NEAR(score(Metric::f1, golden.prediction, references)[0], 100 * golden.f1, 1e-6);
  }
}

TEST(MetricTest, TakesTheBestReferenceForEachMeasure) {
  const std::vector<std::string> references = {"d c b a", "x b c y", "nothing"};
  const std::vector<double> best = score(Metric::rouge, "a b c d", references);
  EXPECT_NEAR(best[0], 100, 1e-6);        // of the first
  EXPECT_NEAR(best[1], 100.0 / 3, 1e-6);  // of the second
  EXPECT_NEAR(best[2], 50, 1e-6);
}

TEST(MetricTest, BytesThatAreNoTextAreNoWords) {
  EXPECT_NEAR(score(Metric::rouge, "one\xFF\xC3two", std::vector<std::string>{"one two"})[1], 100, 1e-6);
}

TEST(MetricTest, LettersStandAlone) {
  const auto accuracy = [](const char* prediction, std::vector<std::string> references) {
    return score(Metric::accuracy, prediction, references)[0];
  };
  EXPECT_EQ(accuracy("(B) because A is wrong", {"B"}), 100);
  EXPECT_EQ(accuracy("Because: B", {"B"}), 100);
  EXPECT_EQ(accuracy("A house", {"B"}), 0);
  EXPECT_EQ(accuracy("B_", {"B"}), 0);
  EXPECT_EQ(accuracy("Bé", {"B"}), 0);
  EXPECT_EQ(accuracy("b", {"B"}), 0);
  EXPECT_EQ(accuracy("", {"B"}), 0);
  EXPECT_EQ(accuracy("E, then D", {"B", "(D) all of them"}), 100);
  EXPECT_THROW(accuracy("A", {"none"}), Error);
}

TEST(MetricTest, Names) {
  for (const Metric metric : {Metric::rouge, Metric::f1, Metric::accuracy}) {
    EXPECT_EQ(parse_metric(to_string(metric)), metric);
  }
  EXPECT_THROW(parse_metric("bleu"), UsageError);
  EXPECT_EQ(measures(Metric::accuracy).front(), "accuracy");
  EXPECT_EQ(measures(Metric::f1).front(), "f1");
}

TEST(SummaryTest, RougeIsTheGeometricMeanOfTheMeans) {
  const std::vector<ScoredPrediction> predictions = {{0, {40, 0, 20}}, {1, {60, 20, 40}}};
  const ScoreSummary summary = summarise(Metric::rouge, predictions);
  EXPECT_NEAR(summary.score, std::cbrt(50.0 * 10 * 30), 1e-9);
  EXPECT_EQ(summary.means, (std::vector<double>{50, 10, 30}));
}

// Ten predictions that are one document's are one observation, not ten.
TEST(SummaryTest, DocumentsAreDrawnWhole) {
  std::mt19937 random(1);
  std::normal_distribution<double> noise;
  std::vector<ScoredPrediction> together, apart;
  for (int document = 0; document < 20; ++document) {
    const double level = 50 + 10 * noise(random);
    for (int i = 0; i < 10; ++i) {
      together.push_back({document, {level}});
      apart.push_back({10 * document + i, {level}});
    }
  }
  const ScoreSummary whole = summarise(Metric::f1, together), each = summarise(Metric::f1, apart);
  EXPECT_EQ(whole.groups, 20);
  EXPECT_EQ(each.groups, 200);
  EXPECT_EQ(whole.predictions, 200);
  EXPECT_NEAR(whole.score, each.score, 1e-9);
  const auto width = [](const ScoreSummary& s) { return s.interval.value().high - s.interval.value().low; };
  EXPECT_GT(width(whole), 2 * width(each));
  EXPECT_LT(whole.interval.value().low, whole.score);
  EXPECT_GT(whole.interval.value().high, whole.score);
}

TEST(SummaryTest, OneDocumentHasNoInterval) {
  const std::vector<ScoredPrediction> answers = {{3, {40.0}}, {3, {60.0}}};
  const ScoreSummary summary = summarise(Metric::f1, answers);
  EXPECT_EQ(summary.groups, 1);
  EXPECT_EQ(summary.score, 50);
  EXPECT_FALSE(summary.interval);
}

class PredictionsTest : public ::testing::Test {
 protected:
  std::vector<Prediction> read(const std::string& predictions, const std::string& references) const {
    return read_predictions(folder_.path() / predictions, folder_.path() / references);
  }

  void expect_failure(const std::string& predictions, const std::string& references,
                      const std::string& message) const {
    try {
      read(predictions, references);
      ADD_FAILURE() << "expected: " << message;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }

  const TemporaryFolder folder_;
};

TEST_F(PredictionsTest, FormatsAreAlike) {
  folder_.write("p.txt", "eins\r\n\nzwei é");
  folder_.write("p.jsonl",
                "{\"prediction\":\"eins\"}\n\n{\"prediction\":\"\"}\n{\"id\":3,\"prediction\":\"zwei é\"}\n");
  folder_.write("p.json", R"({"1":"eins","2":"","3":"zwei é"})");
  folder_.write("r.txt", "one\ntwo\nthree\n");
  folder_.write("r.jsonl",
                "{\"id\":\"2\",\"answers\":[\"two\"]}\n{\"id\":\"1\",\"answer\":\"one\"}\n"
                "{\"id\":\"3\",\"answers\":[\"three\"]}\n");
  folder_.write("r.json", R"({"1":["one"],"2":"two","3":"three"})");
  for (const std::string predictions : {"p.txt", "p.jsonl", "p.json"}) {
    for (const std::string references : {"r.txt", "r.jsonl", "r.json"}) {
      const std::vector<Prediction> read_back = read(predictions, references);
      ASSERT_EQ(read_back.size(), 3u) << predictions << " " << references;
      EXPECT_EQ(read_back[0].text, "eins");
      EXPECT_EQ(read_back[1].text, "");
      EXPECT_EQ(read_back[2].text, "zwei é");
      EXPECT_EQ(read_back[0].references, std::vector<std::string>{"one"});
      EXPECT_EQ(read_back[2].references, std::vector<std::string>{"three"});
      EXPECT_EQ(read_back[2].group, 2);
    }
  }
}

TEST_F(PredictionsTest, ReferencesAddUpAndDocumentsGroup) {
  folder_.write("p.jsonl",
                "{\"id\":\"x\",\"prediction\":\"1\"}\n{\"id\":\"y\",\"prediction\":\"2\"}\n"
                "{\"id\":\"z\",\"prediction\":\"3\"}\n");
  folder_.write("r.jsonl",
                "{\"id\":\"y\",\"answers\":[\"b\"],\"doc_id\":\"d\"}\n{\"id\":\"x\",\"answers\":[\"a\"]}\n"
                "{\"id\":\"y\",\"answers\":[\"c\",\"d\"],\"doc_id\":\"d\"}\n"
                "{\"id\":\"z\",\"answer\":\"e\",\"doc_id\":\"d\"}\n");
  const std::vector<Prediction> found = read("p.jsonl", "r.jsonl");
  EXPECT_EQ(found[1].references, (std::vector<std::string>{"b", "c", "d"}));
  EXPECT_EQ(found[1].group, found[2].group);
  EXPECT_NE(found[0].group, found[1].group);
}

class ResultPredictionsTest : public PredictionsTest {
 protected:
  ResultPredictionsTest() {
    add({{"run", {{"experiment", "tasks"}}}});
    for (const Setting& setting : {Setting{"full"}, Setting{"tova", 8}}) {
      add_answer("qasper", setting, "a", 0);
      add_answer("qasper", setting, "b", 0);
      add_answer("qasper", setting, "c", 1);
    }
    add_answer("quality", {"full"}, "a", 0);
    add({{"key", "summary/qasper/full"}, {"task", "qasper"}, {"policy", "full"}, {"score", 3}});
    folder_.write("tasks.jsonl", lines_ + "{\"key\":\"cut o");
    folder_.write("r.jsonl",
                  "{\"id\":\"a\",\"answers\":[\"1\"]}\n{\"id\":\"b\",\"answers\":[\"2\"]}\n"
                  "{\"id\":\"c\",\"answers\":[\"3\"]}\n");
  }

  void add(const Json& line) { lines_ += line.dump() + "\n"; }
  void add_answer(const std::string& task, const Setting& setting, const std::string& id, int document) {
    Json line = {{"key", task + "/" + setting.key() + "/" + id}, {"task", task}};
    write_setting(line, setting);
    line.update({{"id", id}, {"document", document}, {"prediction", setting.key() + " " + id}});
    add(line);
  }

  std::vector<Prediction> read_state(const std::string& key) const {
    return read_predictions(folder_.path() / "tasks.jsonl", folder_.path() / "r.jsonl", key);
  }

  void expect_refused(const std::string& key, const std::string& message) const {
    try {
      read_state(key);
      ADD_FAILURE() << "expected: " << message;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }

  std::string lines_;
};

TEST_F(ResultPredictionsTest, AreThoseOfOneState) {
  EXPECT_EQ(read_state("qasper/full").at(1).text, "full b");
  for (const char* key : {"tova/8", "qasper/tova/8"}) {
    const std::vector<Prediction> found = read_state(key);
    ASSERT_EQ(found.size(), 3u) << key;
    EXPECT_EQ(found[1].text, "tova/8 b");
    EXPECT_EQ(found[1].references, std::vector<std::string>{"2"});
    EXPECT_EQ(found[0].group, found[1].group);
    EXPECT_NE(found[0].group, found[2].group);
  }
}

TEST_F(ResultPredictionsTest, SayWhichStatesThereAre) {
  expect_refused("", "name one as the key: qasper/full, qasper/tova/8, quality/full");
  expect_refused("full", "name one as the key: qasper/full, quality/full");
  expect_refused("tova/9", "no answers of tova/9; there are: qasper/full, qasper/tova/8, quality/full");
  folder_.write("p.txt", "1\n");
  EXPECT_THROW(read_predictions(folder_.path() / "p.txt", folder_.path() / "p.txt", "full"), UsageError);
  folder_.write("lm.jsonl", "{\"run\":{}}\n{\"key\":\"full/a/0\",\"policy\":\"full\"}\n");
  expect_failure("lm.jsonl", "r.jsonl", "lm.jsonl: holds no predictions");
}

TEST_F(PredictionsTest, BrokenFiles) {
  folder_.write("one.txt", "one\n");
  folder_.write("two.txt", "one\ntwo\n");
  folder_.write("empty.txt", "");
  folder_.write("bytes.txt", "fine\nsch\xF6n\n");
  folder_.write("twice.jsonl", "{\"id\":1,\"prediction\":\"a\"}\n{\"id\":1,\"prediction\":\"b\"}\n");
  folder_.write("no_field.jsonl", "{\"id\":1,\"prediction\":\"a\"}\n{\"id\":2,\"text\":\"b\"}\n");
  folder_.write("no_json.jsonl", "{\"id\":1,\"prediction\":\"a\"}\n{\"id\":2,\n");
  folder_.write("list.jsonl", "[1]\n");
  folder_.write("bytes.jsonl", "{\"prediction\":\"sch\xF6n\"}\n");
  folder_.write("none.jsonl", "{\"id\":1,\"answers\":[]}\n");
  expect_failure("two.txt", "one.txt", "two.txt: line 2: ");
  expect_failure("two.txt", "one.txt", "one.txt has no 2");
  expect_failure("one.txt", "two.txt", "no prediction for 2");
  expect_failure("empty.txt", "empty.txt", "empty.txt: holds no predictions");
  expect_failure("bytes.txt", "two.txt", "bytes.txt: line 2: byte 4 is not UTF-8");
  expect_failure("twice.jsonl", "one.txt", "twice.jsonl: line 2: 1 is there already");
  expect_failure("no_field.jsonl", "two.txt",
                 "no_field.jsonl: line 2: prediction: expected a text, found nothing");
  expect_failure("no_json.jsonl", "two.txt", "no_json.jsonl: line 2: not valid JSON");
  expect_failure("list.jsonl", "one.txt", "list.jsonl: line 1: expected a JSON object");
  expect_failure("bytes.jsonl", "one.txt", "bytes.jsonl: line 1: not valid JSON");
  expect_failure("one.txt", "none.jsonl", "none.jsonl: line 1: expected at least one reference");
  expect_failure("one.txt", "nowhere.txt", "nowhere.txt");
}

}  // namespace
}  // namespace msrnn::testing
