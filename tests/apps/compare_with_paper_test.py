#!/usr/bin/env python3
"""scripts/compare_with_paper on results made up for it."""

import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "compare_with_paper"


class CompareWithPaperTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, experiment, options, lines, end="", **more):
        run = {"run": {"experiment": experiment, "model": {"name": "made up"}, "options": options, **more}}
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in [run, *lines])
        (self.folder / name).write_text(text + end)

    def rows(self):
        """{claim: (measured, verdict)}"""
        done = subprocess.run([sys.executable, SCRIPT, self.folder], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        cells = [line.strip("|").split("|") for line in done.stdout.splitlines() if line.startswith("| ")]
        return {row[0].strip(): (row[2].strip(), row[3].strip()) for row in cells}

    def chunk(self, setting, chunk, nll):
        return {"key": f"{setting}/b/{chunk}", "book": "b", "chunk": chunk, "tokens": 100, "nll_sum": 100 * nll}

    def language_modelling(self, n_chunks, end=""):
        """Chunks that differ a lot, and policies that differ little and in the same way in each."""
        lines = []
        for c in range(n_chunks):
            for setting, more in (("full", 0), ("tova/8", 0.05), ("window+4/8", 0.1), ("h2o/8", 0.02), ("window/8", 1),
                                  ("baseline/8", 0.5)):
                lines.append(self.chunk(setting, c, 2 + 0.1 * c + more))
        self.write("lm.jsonl", "lm", {"context": 64, "sizes": [8]}, lines, end)
        return self.rows()

    def test_pairs_chunks(self):
        rows = self.language_modelling(9, end='{"key":"cut o')
        self.assertEqual(rows["TOVA is better than Window+4 (size 8)"][1], "agrees")
        self.assertEqual(rows["TOVA is better than H2O (size 8)"][1], "does not")
        self.assertEqual(rows["TOVA is better than a baseline (size 8)"][1], "agrees")
        self.assertEqual(rows["TOVA with an eighth of the context is within 0.4 of full attention"][1], "does not")
        measured, verdict = rows["without its first tokens a window is useless: over 10 times the perplexity (an eighth)"]
        self.assertIn("2.72 (2.72 to 2.72), 9 parts", measured)
        self.assertEqual(verdict, "does not")
        self.assertEqual(rows["pinning the first 4 tokens changes TOVA by less than 0.1 (an eighth)"], ("not measured", ""))

    def test_says_nothing_on_few_chunks(self):
        rows = self.language_modelling(4)
        self.assertEqual(rows["TOVA is better than Window+4 (size 8)"][1], "open")

    def test_resamples_documents(self):
        lines = []
        for document in range(6):
            for question in range(3):
                for setting, score in (("full", 20 + document), ("tova/2048", 19.5 + document), ("tova/512", 7)):
                    lines.append({"key": f"qasper/{setting}/{document}-{question}", "document": document,
                                  "prediction": "x", "f1": score})
        # Private references: answers without scores, of documents of their own and of scored ones.
        for task, document in (("squality", 0), ("qasper", 0), ("qasper", 9)):
            for setting in ("full", "tova/512", "tova/2048"):
                lines.append({"key": f"{task}/{setting}/{document}-private", "document": document, "prediction": "x"})
        self.write("tasks.jsonl", "tasks", {"layout": "paper"}, lines)
        rows = self.rows()
        self.assertEqual(rows["qasper, paper layout: TOVA with 2048 is within 1 point of full (LLaMA-2)"],
                         ("points below full: 0.5 (0.5 to 0.5), 6 parts", "agrees"))
        self.assertEqual(rows["squality, paper layout: TOVA with 512 is within 1 point of full (LLaMA-2)"],
                         ("not measured", ""))

    def test_pairs_stories_by_prompt_and_seed(self):
        lines = []
        for prompt in range(2):
            for seed in range(4):
                for setting, tokens in (("full", 100 * (seed + 1)), ("tova/512", 96 * (seed + 1))):
                    lines.append({"key": f"{setting}/{prompt}/{seed}", "prompt": prompt, "seed": seed, "tokens": tokens,
                                  "text": "one line\u2028and another\x85of the same story"})
        found = []
        for order in (lines, random.Random(1).sample(lines, len(lines))):
            self.write("stories.jsonl", "stories", {}, order)
            found.append(self.rows()["stories of many prompts with TOVA 512 are 96% as long as with full"])
        self.assertEqual(found[0], ("length over that of full: 0.96 (0.96 to 0.96), 8 parts", "agrees"))
        self.assertEqual(found[1], found[0])

    def test_reads_what_experiments_summarise(self):
        estimate = {"mean": 0.745, "low": 0.74, "high": 0.75}
        line = {"key": "summary/tova/512", "texts": 31, "recent_share": estimate,
                "first_token_kept": {"mean": 0.88, "low": 0.85, "high": 0.9}}
        self.write("memory.jsonl", "memory", {"sizes": [512]}, [line])
        rows = self.rows()
        self.assertEqual(rows["73 to 76 % of what TOVA keeps is recent (size 512)"][1], "agrees")
        self.assertEqual(rows["the first token is kept to the end (size 512)"][1], "does not")

    def test_how_long_words_stay_by_their_tags(self):
        lines = []
        for text in range(5):
            tags = {"POS": {"tokens": 10, "steps": 60 + text}, "NN": {"tokens": 90, "steps": 20}}
            if text:
                tags["''"] = {"tokens": 5, "steps": 12}
            lines.append({"key": f"tova/512/{text}/0", "text": f"{text}/0", "tokens": 100, "survival": 24,
                          "survival_by_tag": tags})
        self.write("memory.jsonl", "memory", {"sizes": [256, 512]}, lines)
        rows = self.rows()
        measured, verdict = rows["possessives stay longer than other tokens (size 512)"]
        self.assertRegex(measured, r"^steps over the mean of all: 2.6 \(2.5 to 2.6\), 5 parts$")
        self.assertEqual(verdict, "agrees")
        self.assertEqual(rows["closing quotes stay longer than other tokens (size 512)"],
                         ("steps over the mean of all: 0.5 (0.5 to 0.5), 4 parts", "open"))
        self.assertEqual(rows["the kinds of words that stay longest (size 512)"], ("`POS` 2.6, `NN` 0.8, `''` 0.5", ""))
        self.assertFalse([claim for claim in rows if claim.startswith("possessives") and "256" in claim])

    def test_judged_stories_a_line_a_size(self):
        share = lambda value: {"mean": value, "low": value - 0.05, "high": value + 0.05}
        for state in ("tova/256", "tova/512"):
            summary = {"key": "summary", "win": share(0.1), "tie": share(0.6), "loss": share(0.3)}
            self.write(f"{state[5:]}.jsonl", "judge", {}, [summary] if state == "tova/512" else [],
                       data={"a": {"state": state}, "b": {"state": "full"}})
        self.assertEqual(self.rows(), {
            "the paper found": ("measured", ""),
            "stories with tova/256 win, tie and lose against those with full": ("not measured", ""),
            "stories with tova/512 win, tie and lose against those with full":
                ("0.10 (0.05 to 0.15), 0.60 (0.55 to 0.65) and 0.30 (0.25 to 0.35)", "")})

    def test_speed_beside_what_was_predicted(self):
        lines = [{"key": "summary/tova/512", "relative": 2.5, "predicted_relative": 1.9},
                 {"key": "summary/tova/256", "relative": None, "predicted_relative": None}]
        self.write("throughput.jsonl", "throughput", {}, lines)
        rows = self.rows()
        claim = "TOVA with {} writes {} times as fast as the full cache in the same memory"
        self.assertEqual(rows[claim.format(512, 4.8)], ("2.50 times, 1.90 predicted", ""))
        self.assertEqual(rows[claim.format(256, 8.5)], ("not measured", ""))

    def test_any_experiment_alone_that_has_only_begun(self):
        sizes = {"sizes": [8], "context": 64, "stream": 100}
        for experiment in ("lm", "lm-stream", "tasks", "stories", "throughput", "memory"):
            self.write("only.jsonl", experiment, sizes, [], end='{"key":"cut o')
            rows = self.rows()
            rows.pop("the paper found")
            self.assertTrue(rows, experiment)
            self.assertEqual(set(rows.values()), {("not measured", "")})

    def test_nothing_to_compare(self):
        done = subprocess.run([sys.executable, SCRIPT, self.folder], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no results", done.stderr)


if __name__ == "__main__":
    unittest.main()
