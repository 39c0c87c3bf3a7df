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

    def write(self, name, experiment, options, lines, end=""):
        run = {"run": {"experiment": experiment, "model": {"name": "made up"}, "options": options}}
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
            for setting, more in (("full", 0), ("tova/8", 0.05), ("window+4/8", 0.1), ("h2o/8", 0.02), ("window/8", 1)):
                lines.append(self.chunk(setting, c, 2 + 0.1 * c + more))
        self.write("lm.jsonl", "lm", {"context": 64, "sizes": [8]}, lines, end)
        return self.rows()

    def test_pairs_chunks(self):
        rows = self.language_modelling(9, end='{"key":"cut o')
        self.assertEqual(rows["TOVA is better than Window+4 (size 8)"][1], "agrees")
        self.assertEqual(rows["TOVA is better than H2O (size 8)"][1], "does not")
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
            found.append(self.rows()["stories with TOVA 512 are 96% as long as with full"])
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

    def test_nothing_to_compare(self):
        done = subprocess.run([sys.executable, SCRIPT, self.folder], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no results", done.stderr)


if __name__ == "__main__":
    unittest.main()
