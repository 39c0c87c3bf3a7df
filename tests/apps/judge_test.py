#!/usr/bin/env python3
"""Lets a judge of our own on this machine compare stories; it fails in every way that a server can.

usage: judge_test.py PROGRAM
"""

import email.utils
import http.server
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from full_disk import full_disk

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
KEY = "sk-very-secret"

# By prompt and seed, what A and B wrote: the judge likes the longer one.
STORIES = {(0, 0): ("a long story", "a story"), (0, 1): ("x", "a better one, with é and \"quotes\"\n"),
           (1, 0): ("the same", "the same"), (1, 1): ("left", "tied")}
REQUESTS = 6  # all pairs but the identical one, in both orders


class Judge(http.server.ThreadingHTTPServer):
    """Answers chat completions; `script` says how the next requests are treated instead."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = []  # functions of the handler
        self.requests = []  # (time, path, headers, body)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


def verdict(question):
    first, second = (question.split(f"<text_{i}>\n")[1].split(f"\n</text_{i}>")[0] for i in (1, 2))
    if len(first) == len(second):
        return "[[tie]]"
    return "[[1]]" if len(first) > len(second) else "[[2]]"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=(), length=None):
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((time.time(), self.path, dict(self.headers), json.loads(body)))
        if self.server.script:
            return self.server.script.pop(0)(self)
        self.judge()

    def verdict(self):
        return verdict(self.server.requests[-1][3]["messages"][0]["content"])

    def judge(self, text=None):
        content = text if text is not None else f"Because.\n{self.verdict()}"
        self.answer(200, json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": content}}],
                                     "usage": {"prompt_tokens": 100, "completion_tokens": 10}}).encode())


def status(code, *headers, body=b'{"error": {"message": "no such thing"}}'):
    return lambda handler: handler.answer(code, body, headers)


def says(text):
    return lambda handler: handler.judge(text)


def at_length(handler):
    handler.judge("It is so. " * 200 + handler.verdict())


def slow(handler):
    time.sleep(1.5)
    handler.judge()


def cut(handler):
    handler.answer(200, b'{"choices": [', length=1000)
    handler.close_connection = True
    handler.connection.shutdown(2)


def hang_up(handler):
    handler.close_connection = True
    handler.connection.shutdown(2)


class JudgeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.judge = self.serve()
        self.stories = self.folder / "stories.jsonl"
        self.write_stories(self.stories)
        self.output = self.folder / "judged.jsonl"

    def serve(self):
        judge = Judge()
        self.addCleanup(judge.server_close)
        self.addCleanup(judge.shutdown)
        return judge

    def write_stories(self, path):
        lines = [{"run": {"experiment": "stories", "model": {"fingerprint": "f"}}}]
        lines += [{"key": f"prompt/{i}", "text": f"task {i}"} for i in (0, 1)]
        for (prompt, seed), texts in STORIES.items():
            for state, text in (({"policy": "tova", "size": 64}, texts[0]), ({"policy": "full"}, texts[1])):
                lines.append({"key": f"{state['policy']}/{prompt}/{seed}", **state, "prompt": prompt, "seed": seed,
                              "text": text})
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def command(self, *options, a=":tova/64", b=":full", url=None, output=None):
        return [PROGRAM, "eval", "judge", f"{self.stories}{a}", f"{self.stories}{b}", "--judge", url or self.judge.url,
                "--model", "wise", "-o", output or self.output, "--pause", "0.01", *options]

    def environment(self, **more):
        return {"PATH": os.environ["PATH"], "OPENAI_API_KEY": KEY, **more}

    def run_judge(self, *options, environment=None, disk=None, **arguments):
        return subprocess.run(self.command(*options, **arguments), capture_output=True, timeout=120,
                              env=environment or self.environment(), **(full_disk(disk) if disk else {}))

    def succeed(self, *options, **arguments):
        done = self.run_judge(*options, **arguments)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode()

    def refused(self, message, *options, returncode=1, **arguments):
        done = self.run_judge(*options, **arguments)
        error = done.stderr.decode()
        self.assertEqual(done.returncode, returncode, error)
        self.assertIn(message, error)
        self.assertEqual(done.stdout, b"")
        self.assertNotIn(KEY, error)

    def lines(self, path=None):
        lines = map(json.loads, (path or self.output).read_bytes().splitlines())
        return {line.get("key", "run"): line for line in lines}

    def check_summary(self, path=None):
        summary = self.lines(path)["summary"]
        counts = {name: summary[name]["count"] for name in ("win", "tie", "loss", "agreement")}
        self.assertEqual(counts, {"win": 1, "tie": 1, "loss": 1, "agreement": 3})
        self.assertEqual((summary["pairs"], summary["identical"], summary["unclear"]), (4, 1, 0))
        return summary

    def test_judges_every_pair_in_both_orders(self):
        table = self.succeed("--price-in", "30", "--price-out", "60")
        summary = self.check_summary()
        self.assertEqual((summary["prompt_tokens"], summary["completion_tokens"]), (100 * REQUESTS, 10 * REQUESTS))
        self.assertAlmostEqual(summary["cost"], (3000 * REQUESTS + 60 * 10 * REQUESTS) / 1e6)
        lines = self.lines()
        self.assertEqual([lines[f"pair/{p}/{s}"]["outcome"] for p, s in STORIES], ["win", "loss", "identical", "tie"])
        self.assertEqual(len(self.judge.requests), REQUESTS)
        for _, path, headers, body in self.judge.requests:
            self.assertEqual(path, "/v1/chat/completions")
            self.assertEqual(headers["Authorization"], f"Bearer {KEY}")
            self.assertEqual(headers["Content-Type"], "application/json")
            self.assertEqual((body["model"], body["temperature"]), ("wise", 0))
        self.assertIn("A wins                           1 of     3   33.3 %", table)
        for file in self.folder.iterdir():
            self.assertNotIn(KEY, file.read_text())

    def test_addresses_and_keys(self):
        for i, end in enumerate(("/", "/v1", "/v1/", "/v1/chat/completions")):
            self.judge.requests.clear()
            self.succeed(url=self.judge.url + end, output=self.folder / f"{i}.jsonl",
                         environment={"PATH": os.environ["PATH"]})
            self.assertEqual({path for _, path, *_ in self.judge.requests}, {"/v1/chat/completions"})
            self.assertNotIn("Authorization", self.judge.requests[0][2])
        self.judge.requests.clear()
        self.succeed("--key-variable", "OTHER_KEY", "--parameters", '{"max_tokens": 99}',
                     output=self.folder / "other.jsonl", environment=self.environment(OTHER_KEY="other"))
        self.assertEqual(self.judge.requests[0][2]["Authorization"], "Bearer other")
        self.assertEqual(self.judge.requests[0][3]["max_tokens"], 99)
        self.assertNotIn("temperature", self.judge.requests[0][3])

    def test_nothing_is_asked_twice(self):
        self.succeed()
        first = self.output.read_bytes()
        self.succeed()
        self.assertEqual(self.output.read_bytes(), first)
        answers = self.folder / "judged.jsonl.answers"
        again = self.folder / "again.jsonl"
        self.assertIn("\n0 requests now", self.succeed("--answers", answers, output=again))
        self.assertEqual(again.read_bytes(), first)
        self.assertEqual(len(self.judge.requests), REQUESTS)

    def test_asks_again_where_that_may_help(self):
        for i, trouble in enumerate((
            [status(500), status(502), status(503)],
            [status(429, ("Retry-After", "0")), status(429)],
            [slow],
            [cut, hang_up],
            [status(200, body=b"<html>"), status(200, body=b"{}"), status(200, body=b'{"choices": [{"message": 3}]}')],
            [says("I cannot say."), says(""), says("[[3]]")],
        )):
            self.judge.script, self.judge.requests = list(trouble), []
            output = self.folder / f"{i}.jsonl"
            self.succeed("--timeout", "0.7", output=output)
            self.assertEqual(len(self.judge.requests), REQUESTS + len(trouble), i)
            self.check_summary(output)

    def test_comes_back_when_it_is_told(self):
        for i, when in enumerate((lambda: "1.5", lambda: email.utils.formatdate(time.time() + 3, usegmt=True))):
            self.judge.script, self.judge.requests = [lambda handler: status(429, ("Retry-After", when()))(handler)], []
            self.succeed(output=self.folder / f"{i}.jsonl")
            times = [at for at, *_ in self.judge.requests]
            self.assertGreater(times[1] - times[0], 1.4)
        self.judge.script = [status(429, ("Retry-After", "100000"))]
        self.refused("come back in 100000 s", output=self.folder / "late.jsonl")

    def test_keeps_to_the_rate(self):
        self.succeed("--rate", "300")
        times = [at for at, *_ in self.judge.requests]
        self.assertGreater(times[-1] - times[0], 0.2 * (REQUESTS - 1) - 0.1)

    def test_an_answer_without_a_verdict_stays_unclear(self):
        self.judge.script = [says("I will not.")] * 3
        self.succeed("--attempts", "3")
        summary = self.lines()["summary"]
        self.assertEqual((summary["unclear"], summary["judged"]), (1, 2))
        self.assertEqual(self.lines()["pair/0/0"]["a_first"], "unclear")
        self.assertEqual(summary["prompt_tokens"], 100 * (REQUESTS + 2))

    def test_gives_up_with_the_reason_and_loses_nothing(self):
        # libcurl itself repeats what gets no answer at all on a connection that was used before: more trouble than
        # attempts.
        troubles = ((status(401), "key"), (status(404), "404"), (status(400), "no such thing"), (status(500), "500"),
                    (status(200, body=b"<html>"), "<html>"), (hang_up, "cannot be reached"))
        for i, (trouble, message) in enumerate(troubles):
            output = self.folder / f"{i}.jsonl"
            self.judge.script, self.judge.requests = [Handler.judge] * 3 + [trouble] * 10, []
            self.refused(message, "--attempts", "2", output=output)
            self.assertEqual(list(self.lines(output)), ["run", "pair/0/0"])
            self.judge.script, self.judge.requests = [], []
            self.succeed("--attempts", "2", output=output)
            self.assertEqual(len(self.judge.requests), REQUESTS - 3)
            self.check_summary(output)

    def test_nobody_there(self):
        for i, url in enumerate(("http://127.0.0.1:9", "http://no-such-host.invalid", "gopher://x")):
            self.refused(f"{url}/v1/chat/completions cannot be reached", "--attempts", "2", url=url,
                         output=self.folder / f"{i}.jsonl")

    def test_the_key_is_for_the_judge_alone(self):
        other = self.serve()
        self.judge.script = [status(307, ("Location", f"{other.url}/elsewhere"), body=b"")] * REQUESTS
        self.succeed()
        self.check_summary()
        self.assertEqual(len(other.requests), REQUESTS)
        for _, _, headers, _ in other.requests:
            self.assertNotIn("Authorization", headers)

    def test_interrupted_and_killed(self):
        for i, kill in enumerate((signal.SIGINT, signal.SIGKILL)):
            output = self.folder / f"{i}.jsonl"
            self.judge.script, self.judge.requests = [Handler.judge] * 3 + [lambda _: time.sleep(20)], []
            process = subprocess.Popen(self.command(output=output), env=self.environment(), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE)
            deadline = time.time() + 30
            while len(self.judge.requests) < 4 and time.time() < deadline:
                time.sleep(0.01)
            process.send_signal(kill)
            returncode = process.wait(timeout=20)
            error = process.stderr.read().decode()
            process.stderr.close()
            if kill == signal.SIGINT:
                self.assertEqual(returncode, 130)
                self.assertIn("the same command goes on", error)
            self.judge.script, self.judge.requests = [], []
            self.succeed(output=output)
            self.assertEqual(len(self.judge.requests), REQUESTS - 3)
            self.check_summary(output)
        self.assertEqual((self.folder / "0.jsonl").read_bytes(), (self.folder / "1.jsonl").read_bytes())

    def test_killed_at_any_moment(self):
        self.succeed(output=self.folder / "unbroken.jsonl")
        expected = sorted((self.folder / "unbroken.jsonl").read_bytes().splitlines())
        draw = random.Random(3)
        for i in range(10):
            output = self.folder / f"killed{i}.jsonl"
            self.judge.requests = []
            process = subprocess.Popen(self.command(output=output), env=self.environment(), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            wanted = draw.randrange(REQUESTS + 1)
            while len(self.judge.requests) < wanted and process.poll() is None:
                time.sleep(0.001)
            time.sleep(draw.random() * 0.02)
            process.kill()
            process.wait()
            self.succeed(output=output)
            self.assertEqual(sorted(output.read_bytes().splitlines()), expected)
            self.assertLessEqual(len(self.judge.requests), REQUESTS + 1, "only what was under way is asked again")

    def test_full_disk(self):
        """Answers or results that find no room: the run says so, and nothing that had room is asked again."""
        self.judge.script = [at_length] * REQUESTS
        whole, answers = self.folder / "whole.jsonl", self.folder / "whole.jsonl.answers"
        self.succeed(output=whole)
        for options, of_disk, written in (((), answers, ".answers"), (("--answers", answers), whole, "")):
            self.judge.script, self.judge.requests = [at_length] * REQUESTS, []
            output = self.folder / f"full{written}.jsonl"
            room = of_disk.stat().st_size // 2
            self.refused(f"{output}{written}: cannot be written: File too large", *options, output=output, disk=room)
            kept = pathlib.Path(f"{output}{written}").read_bytes()
            self.assertTrue(of_disk.read_bytes().startswith(kept))
            self.succeed(*options, output=output)
            self.assertEqual(output.read_bytes(), whole.read_bytes())
            # Once more only what could not be written.
            self.assertEqual(len(self.judge.requests), 0 if options else REQUESTS + 1)

    def test_refuses_what_it_cannot_do(self):
        self.refused("there are: full, tova/64", a=":tova/65", returncode=2)
        self.refused("name one", a="", returncode=2)
        self.refused("expected a JSON object", "--parameters", "[1", returncode=2)
        self.refused("none.jsonl", "--answers", self.folder / "none.jsonl" / "x")
        self.assertFalse(self.judge.requests)
        self.succeed()
        self.refused("another run", "--parameters", "{}", returncode=2)
        self.stories.write_text("")
        self.refused("holds no results", output=self.folder / "other.jsonl")
        self.stories.unlink()
        self.refused("stories.jsonl", output=self.folder / "other.jsonl")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
