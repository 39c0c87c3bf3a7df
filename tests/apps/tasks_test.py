#!/usr/bin/env python3
"""Drives `msrnn score` and `msrnn eval tasks` as their users do.

usage: tasks_test.py PROGRAM Score|Tasks
MSRNN_MODEL names the demo model; without it the part Tasks is skipped (status 77).
"""

import json
import signal
import sys
import time
import unittest

from program_test import MODEL, SKIPPED, ProgramTest

STORY = "The keeper of the lighthouse found a letter in a bottle. It was from his brother, who had gone to sea. "


class Score(ProgramTest):
    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def score(self, metric, predictions, references, *options):
        return ("score", "--metric", metric, "--predictions", predictions, "--references", references, *options)

    def test_lines(self):
        predictions = self.write("p.txt", "a cat on the mat\nyes\n")
        references = self.write("r.txt", "The cat on a mat.\nno\n")
        self.assertEqual(self.succeed(*self.score("f1", predictions, references)),
                         b"f1 50.00 [0.00, 100.00]; 2 predictions, 2 documents\n")

    def test_json(self):
        predictions = self.write("p.jsonl", '{"id": "x", "prediction": "one two three four"}\n')
        references = self.write("r.jsonl", '{"id": "x", "answers": ["four", "one two, three!"]}\n')
        result = json.loads(self.succeed(*self.score("rouge", predictions, references, "--json")))
        self.assertEqual((result["metric"], result["n"], result["documents"]), ("rouge", 1, 1))
        self.assertAlmostEqual(result["rouge1"], 100 * 6 / 7)
        self.assertAlmostEqual(result["rouge2"], 80)
        self.assertAlmostEqual(result["predictions"][0]["rougeL"], 100 * 6 / 7)
        self.assertAlmostEqual(result["score"], (100 * 6 / 7 * 80 * 100 * 6 / 7) ** (1 / 3))

    def test_one_document_has_no_interval(self):
        predictions, references = self.write("p.txt", "yes\n"), self.write("r.txt", "yes\n")
        self.assertEqual(self.succeed(*self.score("f1", predictions, references)),
                         b"f1 100.00; 1 predictions, 1 documents\n")
        result = json.loads(self.succeed(*self.score("f1", predictions, references, "--json")))
        self.assertEqual(list(result), ["metric", "score", "f1", "n", "documents", "predictions"])

    def test_failures(self):
        good = self.write("good.txt", "one\ntwo\n")
        self.fail_with(2, "unknown metric 'bleu'", *self.score("bleu", good, good))
        self.fail_with(1, "nowhere.txt", *self.score("f1", "nowhere.txt", good))
        self.fail_with(1, "line 1", *self.score("f1", self.write("bytes.txt", b"\xff\n"), good))
        self.fail_with(1, "holds no predictions", *self.score("f1", *[self.write("empty.txt", "")] * 2))
        self.fail_with(1, "none of the letters A to D", *self.score("accuracy", good, good))
        self.fail_with(1, str(self.folder), *self.score("f1", str(self.folder), good))

    def test_tasks_that_cannot_be_run(self):
        row = {"id": "1", "document": STORY, "question": "Who?", "answers": ["The keeper."]}
        data = self.write("data.jsonl", json.dumps(row) + "\n")
        output = self.folder / "out.jsonl"

        def tasks(*arguments):
            return ("eval", "tasks", "-m", "nowhere.gguf", "-o", str(output), *arguments)

        self.fail_with(2, "unknown task 'squad'", *tasks("--task", "squad", "--data", data))
        self.fail_with(2, "unknown layout 'Paper'", *tasks("--task", "qasper", "--data", data, "--layout", "Paper"))
        self.fail_with(2, "nowhere: there is no such file", *tasks("--task", "qasper", "--data", "nowhere"))
        self.fail_with(2, "qasper: no data", *tasks("--task", "qasper", "--data", str(self.folder)))
        self.fail_with(2, "policy", *tasks("--task", "qasper", "--data", data, "--policies", "lru"))
        self.fail_with(2, "baseline", *tasks("--task", "qasper", "--data", data, "--policies", "baseline"))
        self.fail_with(2, "qasper is there twice", *tasks("--task", "qasper,qasper", "--data", data))
        bad = self.write("bad.jsonl", json.dumps(row) + "\n{}\n")
        self.fail_with(1, "bad.jsonl: line 2: id: expected", *tasks("--task", "qasper", "--data", bad))
        self.fail_with(1, "nowhere.gguf", *tasks("--task", "qasper", "--data", data))
        self.assertFalse(output.exists())


class Tasks(ProgramTest):
    def setUp(self):
        super().setUp()
        rows = [{"id": f"{d}-{q}", "document": STORY * (3 + 4 * d), "question": question, "answers": ["his brother"]}
                for d in range(2) for q, question in enumerate(("Who wrote it?", "Where was the letter found?"))]
        (self.folder / "qasper.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def arguments(self, output, *more, max_prompt=160, policies="full,tova", sizes="32"):
        return ("eval", "tasks", "--task", "qasper", "--data", str(self.folder), "--policies", policies, "--sizes",
                sizes, "--max-prompt", str(max_prompt), "--max-answer", "12", "-o", str(self.folder / output), *more)

    def lines(self, output):
        return sorted((self.folder / output).read_bytes().splitlines())

    def rescore(self, summary):
        command = ["score", "--metric", "f1", "--predictions", str(self.folder / "whole.jsonl"), "--references",
                   str(self.folder / "qasper.jsonl"), "--json"]
        self.fail_with(2, "qasper/full, qasper/tova/32", *command)
        result = json.loads(self.succeed(*command, "--key", "tova/32"))
        for name in ("score", "f1", "documents"):
            self.assertAlmostEqual(result[name], summary[name])

    def test_killed_runs_go_on(self):
        table = self.succeed(*self.arguments("whole.jsonl", "--batch", "3")).decode()
        self.assertEqual([line.split()[:3] for line in table.splitlines()[1:]],
                         [["qasper", "full", "f1"], ["qasper", "tova/32", "f1"]])
        whole = self.lines("whole.jsonl")
        self.assertEqual(len(whole), 1 + 2 * 4 + 2)
        self.rescore(next(json.loads(line) for line in whole if b'"summary/qasper/tova/32"' in line))
        for lines in (1, 4, 8):
            run = self.start(*self.arguments("killed.jsonl", "--batch", "1"))
            output = self.folder / "killed.jsonl"
            deadline = time.monotonic() + 120
            while run.poll() is None and time.monotonic() < deadline:
                if output.exists() and output.read_bytes().count(b"\n") > lines:
                    break
                time.sleep(0.01)
            run.send_signal(signal.SIGKILL)
            run.wait()
        self.succeed(*self.arguments("killed.jsonl", "--batch", "2", "--block", "9"))
        self.assertEqual(self.lines("killed.jsonl"), whole)

    def test_control_c(self):
        run = self.start(*self.arguments("stopped.jsonl", "--batch", "1", sizes="32,33,34,35,36,37"))
        output = self.folder / "stopped.jsonl"
        while run.poll() is None and not (output.exists() and output.read_bytes().count(b"\n") > 1):
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(timeout=60), 130)
        self.assertIn(b"the same command goes on", run.stderr.read())
        self.assertTrue(output.read_bytes().endswith(b"}\n"))

    def test_other_options_need_another_file(self):
        self.succeed(*self.arguments("one.jsonl", "--limit", "1"))
        self.fail_with(2, "layout", *self.arguments("one.jsonl", "--limit", "1", "--layout", "paper"))

    def test_chat(self):
        self.succeed(*self.arguments("chat.jsonl", "--limit", "1", "--chat", policies="full"))
        self.succeed(*self.arguments("plain.jsonl", "--limit", "1", "--no-chat", policies="full"))
        chat, plain = (json.loads((self.folder / name).read_bytes().splitlines()[1])
                       for name in ("chat.jsonl", "plain.jsonl"))
        self.assertEqual(chat["prompt_tokens"], 160)
        self.assertGreater(chat["cut_tokens"], plain["cut_tokens"])  # the template takes room

    def test_states_that_cannot_be(self):
        self.fail_with(2, "circular", *self.arguments("bad.jsonl", "--positions", "circular"))
        self.fail_with(2, "f8", *self.arguments("bad.jsonl", "--state-type", "f8"))
        self.assertFalse((self.folder / "bad.jsonl").exists())

    def test_no_room(self):
        self.fail_with(2, "leaves no room for the document",
                       *self.arguments("small.jsonl", "--layout", "paper", max_prompt=50))
        self.assertFalse((self.folder / "small.jsonl").exists())


if __name__ == "__main__":
    part = sys.argv[2]
    if part == "Tasks" and not MODEL:
        print("skipped: MSRNN_MODEL is not set, so no task can be run", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main(argv=[sys.argv[0], *(sys.argv[3:] or [part])])
