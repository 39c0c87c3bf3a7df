#!/usr/bin/env python3
"""scripts/reproduce with a program that only pretends: what it runs, and how it ends when something goes wrong."""

import os
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "reproduce"

# Writes what it was asked for, and results into the file of -o, the last argument of "eval …". $FAILS is what fails.
PROGRAM = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in "eval $FAILS"*) exit "$STATUS" ;; esac
for last; do :; done
echo '{"run": {"experiment": "stories"}}
{"key": "tova/512/0/0", "prompt": 0, "seed": 0, "tokens": 5}' > "$last"
"""


class ReproduceTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name in ("pg19", "squality", "qasper", "stories"):
            (self.folder / "data" / name).mkdir(parents=True)
        (self.folder / "data/stories/prompts.txt").write_text("Once\n")
        self.program = self.folder / "msrnn"
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)

    def reproduce(self, *arguments, fails="nothing", status=1, **environment):
        """The exit status, what it said, and what the program was asked for."""
        calls = self.folder / "calls"
        calls.write_text("")
        variables = {"PATH": os.environ["PATH"], "MSRNN_DATA": str(self.folder / "data"), "MSRNN_MODEL": "any",
                     "CALLS": str(calls), "FAILS": fails, "STATUS": str(status), **environment}
        done = subprocess.run([SCRIPT, "--msrnn", self.program, "--out", self.folder / "out", *arguments],
                              env=variables, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr, [call.split() for call in calls.read_text().splitlines()]

    def test_one_that_fails_does_not_keep_others_from_running(self):
        for arguments in (["--quick"], []):
            status, said, calls = self.reproduce(*arguments, fails="tasks")
            self.assertEqual(status, 1, said)
            self.assertIn("failed: tasks", said)
            asked = [call[1] for call in calls if call[0] == "eval"]
            self.assertEqual(set(asked), {"lm", "tasks", "stories", "throughput", "memory", "retrieval"})
            self.assertEqual(asked[-1], "retrieval")
            self.assertEqual(calls[-1][0], "report")
            self.assertFalse([word for word in calls[-1] if "tasks" in word])
            self.assertIn("stories", (self.folder / "out/findings.md").read_text())

    def test_interrupted(self):
        for fails, last in (("memory", "memory"), ("judge", "judge")):
            status, said, calls = self.reproduce("--quick", fails=fails, status=130, MSRNN_JUDGE="http://nobody",
                                                 MSRNN_JUDGE_MODEL="wise")
            self.assertEqual(status, 130, said)
            self.assertEqual(calls[-1][:2], ["eval", last])

    def test_judges(self):
        status, said, calls = self.reproduce("--quick", MSRNN_JUDGE="http://nobody", MSRNN_JUDGE_MODEL="wise")
        self.assertEqual(status, 0, said)
        judged = [call for call in calls if call[1] == "judge"]
        self.assertEqual([call[2:4] for call in judged], [[f"{self.folder}/out/stories.jsonl:{state}" for state in
                                                           ("tova/512", "full")]])
        self.assertIn("judge-512.jsonl", " ".join(calls[-1]))

    def test_says_what_is_missing(self):
        self.assertIn("unknown argument --fast; there are --quick", self.refused("--fast"))
        self.assertIn("--chunks: a value is missing", self.refused("--chunks"))
        self.assertIn("MSRNN_JUDGE_MODEL", self.refused(MSRNN_JUDGE="http://nobody"))
        (self.folder / "data/squality").rmdir()
        self.assertIn("data/squality is not there: MSRNN_DATA", self.refused())

    def refused(self, *arguments, **environment):
        status, said, calls = self.reproduce(*arguments, **environment)
        self.assertEqual((status, calls), (1, []), said)
        self.assertEqual(said.count("\n"), 1)
        return said


if __name__ == "__main__":
    unittest.main()
