#!/usr/bin/env python3
"""Fetches models from a hub of our own on this machine, which fails in every way that a hub can.

usage: hub_test.py PROGRAM
"""

import hashlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHAPE = {"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 300,
         "num_attention_heads": 4, "intermediate_size": 96, "max_position_embeddings": 64}


class Hub(http.server.ThreadingHTTPServer):
    """Files of one repository, org/model, and how to misbehave with them."""

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.requests = []  # (path, headers)
        self.cut_after = []  # each answer with data takes one: it ends after so many bytes
        self.status = {}  # by path: what is answered instead
        self.token = None  # what is to be presented
        self.storage = None  # another server, which the data is redirected to
        self.ignores_ranges = self.says_nothing = False
        self.wrong = {}  # by file: what is sent in its place
        self.extra = {}  # what the listing says beyond the truth
        self.delay = 0
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def listing(self):
        siblings = []
        for name, content in self.files.items():
            sibling = {"rfilename": name}
            if not self.says_nothing:
                sibling["size"] = len(content)
                if name.endswith((".gguf", ".safetensors")):
                    sibling["lfs"] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            siblings.append(sibling)
        return {"sha": COMMIT, "siblings": siblings, **self.extra}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=(), length=None):
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        try:
            for at in range(0, len(body), 4096):
                self.wfile.write(body[at:at + 4096])
                time.sleep(self.server.delay)
        except BrokenPipeError:  # a program that was interrupted
            self.close_connection = True

    def do_GET(self):
        hub, path = self.server, self.path.split("?")[0]
        hub.requests.append((path, dict(self.headers)))
        if path in hub.status:
            waiting = hub.status[path]
            status = waiting.pop(0) if isinstance(waiting, list) else waiting
            if waiting == []:
                del hub.status[path]
            return self.answer(status, b"sorry")
        if hub.token is not None and self.headers.get("Authorization") != f"Bearer {hub.token}":
            return self.answer(401)
        if path == "/api/models/org/model":
            return self.answer(200, json.dumps(hub.listing()).encode())
        prefix = f"/org/model/resolve/{COMMIT}/"
        name = path.removeprefix(prefix)
        if not path.startswith(prefix) or name not in hub.files:
            return self.answer(404)
        if hub.storage is not None:
            return self.answer(302, headers=[("Location", hub.storage.url + path)])
        self.send_file(name)

    def send_file(self, name):
        hub, content = self.server, self.server.wrong.get(name, self.server.files[name])
        headers, status, begin = [], 200, 0
        if name.endswith(".gguf"):
            headers.append(("X-Linked-Etag", f'"{hashlib.sha256(hub.files[name]).hexdigest()}"'))
            headers.append(("X-Linked-Size", str(len(hub.files[name]))))
        if "Range" in self.headers and not hub.ignores_ranges:
            begin = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            if begin >= len(content):
                return self.answer(416)
            status = 206
            headers.append(("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}"))
        rest = content[begin:]
        sent = rest[:hub.cut_after.pop(0)] if hub.cut_after else rest
        self.answer(status, sent, headers, length=len(rest))
        if len(sent) < len(rest):
            self.close_connection = True
            self.connection.shutdown(2)


def synthetic(folder, name, *options):
    config, out = folder / "shape.json", folder / name
    config.write_text(json.dumps(SHAPE))
    subprocess.run([PROGRAM, "synth", config, out, *options], check=True, stdout=subprocess.DEVNULL)
    return out.read_bytes()


class HubTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            cls.model = synthetic(pathlib.Path(folder), "model.gguf")
            cls.other = synthetic(pathlib.Path(folder), "other.gguf", "--seed", "2")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = pathlib.Path(folder.name)
        self.hub = self.serve({"model.gguf": self.model})
        self.snapshot = self.cache / "msrnn/hub/org/model" / COMMIT

    def serve(self, files):
        hub = Hub(files)
        self.addCleanup(hub.server_close)
        self.addCleanup(hub.shutdown)
        return hub

    def environment(self, **more):
        return {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(self.cache), "HF_ENDPOINT": self.hub.url, **more}

    def inspect(self, name="hf:org/model", **environment):
        return subprocess.run([PROGRAM, "inspect", "-m", name], capture_output=True, timeout=120,
                              env=self.environment(**environment))

    def fetch(self, name="hf:org/model", **environment):
        done = self.inspect(name, **environment)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done

    def refused(self, message, name="hf:org/model", status=1, **environment):
        done = self.inspect(name, **environment)
        error = done.stderr.decode()
        self.assertEqual(done.returncode, status, error)
        self.assertIn(message, error)
        self.assertEqual(error.count("\n"), 1, error)

    def assert_fetched(self, name="model.gguf"):
        self.assertEqual((self.snapshot / name).read_bytes(), self.hub.files[name])
        self.assertEqual([path for path in self.snapshot.rglob("*.part")], [])

    def data_requests(self):
        return [headers for path, headers in self.hub.requests if "/resolve/" in path]

    def test_fetches_once(self):
        self.fetch()
        self.assert_fetched()
        self.assertNotIn("Authorization", self.data_requests()[0])
        self.fetch("hf:org/model:model.gguf")
        self.assertEqual(len(self.data_requests()), 1)

    def test_uses_what_it_has_where_the_hub_is_gone(self):
        self.fetch()
        done = self.fetch(HF_ENDPOINT="http://127.0.0.1:9")
        self.assertIn(b"using what was fetched before", done.stderr)
        self.refused("127.0.0.1", HF_ENDPOINT="http://127.0.0.1:9", XDG_CACHE_HOME=str(self.cache / "empty"))

    def test_goes_on_where_the_connection_was_cut(self):
        self.hub.cut_after = [1000, 0, 5000]
        self.fetch()
        self.assert_fetched()
        ranges = [headers.get("Range") for headers in self.data_requests()]
        self.assertEqual(ranges, [None, "bytes=1000-", "bytes=1000-", "bytes=6000-"])

    def test_begins_again_where_the_server_knows_no_ranges(self):
        self.hub.cut_after = [1000]
        self.hub.ignores_ranges = True
        self.fetch()
        self.assert_fetched()

    def test_resumes_what_an_earlier_run_left(self):
        self.snapshot.mkdir(parents=True)
        (self.snapshot / "model.gguf.part").write_bytes(self.model[:4321])
        self.fetch()
        self.assert_fetched()
        self.assertEqual(self.data_requests()[0]["Range"], "bytes=4321-")

    def test_a_part_that_is_whole_or_too_long(self):
        for part in (self.model, self.model + b"x" * 100):
            for says_nothing in (False, True):
                self.hub.says_nothing = says_nothing
                self.snapshot.mkdir(parents=True, exist_ok=True)
                (self.snapshot / "model.gguf").unlink(missing_ok=True)
                (self.snapshot / "model.gguf.part").write_bytes(part)
                self.fetch()
                self.assert_fetched()

    def test_gives_up_on_a_server_that_always_cuts(self):
        self.hub.cut_after = [100] * 10 + [0] * 100
        self.refused("model.gguf: ")
        self.assertFalse((self.snapshot / "model.gguf").exists())
        self.assertEqual((self.snapshot / "model.gguf.part").stat().st_size, 1000)

    def test_refuses_other_content(self):
        damaged = bytearray(self.model)
        damaged[len(damaged) // 2] ^= 1
        for says_nothing in (False, True):  # then only a header says the sum
            self.hub.says_nothing = says_nothing
            self.hub.wrong = {"model.gguf": bytes(damaged)}
            self.refused("expected the SHA-256")
            self.hub.wrong = {"model.gguf": self.model + b"more"}
            self.refused(f"expected {len(self.model)} bytes, found {len(self.model) + 4}")
            self.assertEqual(list(self.snapshot.iterdir()), [])
        self.hub.wrong = {"model.gguf": self.model[:-50]}
        self.refused("model.gguf: ")
        self.assertFalse((self.snapshot / "model.gguf").exists())

    def test_says_why_it_is_refused(self):
        self.refused("hub has no such model or file (404)", "hf:org/other")
        self.refused("org/model has no file x.gguf", "hf:org/model:x.gguf")
        data = f"/org/model/resolve/{COMMIT}/model.gguf"
        for status, message in ((401, "HF_TOKEN"), (403, "HF_TOKEN"), (404, "(404)"), (418, "status 418")):
            self.hub.status = {data: status}
            self.refused(message)
            self.assertEqual(list(self.snapshot.iterdir()), [])
        self.hub.status = {"/api/models/org/model": 401}
        self.refused("HF_TOKEN")

    def test_asks_again_where_that_may_help(self):
        self.hub.status = {"/api/models/org/model": [503, 429], f"/org/model/resolve/{COMMIT}/model.gguf": [500]}
        self.fetch()
        self.assert_fetched()

    def test_presents_the_token_to_the_hub_alone(self):
        self.hub.token = "hf_secret"
        self.refused("HF_TOKEN")
        self.hub.storage = self.serve(self.hub.files)
        self.fetch(HF_TOKEN="hf_secret")
        self.assert_fetched()
        self.assertEqual(len(self.hub.storage.requests), 1)
        self.assertNotIn("Authorization", self.hub.storage.requests[0][1])

    def test_redirections_in_a_circle(self):
        self.hub.storage = self.hub
        self.refused("edirect")

    def test_names(self):
        for name in ("hf:", "hf:model", "hf:org/", "hf:/model", "hf:org/model:", "hf:a/b/c", "hf:../model", "hf:org/..",
                     "hf:org/model:../x", "hf:org/model:/etc/passwd", "hf:org/model:a//b", "hf:org/mo\\del"):
            self.refused("expected hf:ORG/NAME or hf:ORG/NAME:FILE", name, status=2)

    def test_listings_that_are_none(self):
        for extra in ({"sha": "../x"}, {"sha": 1}, {"siblings": {}}, {"siblings": [1]}, {"siblings": [{}]},
                      {"siblings": [{"rfilename": "a.gguf", "lfs": {"sha256": "x"}}]}):
            self.hub.extra = extra
            self.refused("/api/models/org/model")
        self.hub.extra = {"siblings": [{"rfilename": "../../evil.gguf"}, {"rfilename": "/evil.gguf"}]}
        self.refused("neither safetensors with a config.json nor a GGUF file")

    def test_chooses_among_models(self):
        self.hub.files = {"a.gguf": self.model, "sub/b.gguf": self.other}
        self.refused("a.gguf, sub/b.gguf")
        self.fetch("hf:org/model:sub/b.gguf")
        self.assert_fetched("sub/b.gguf")
        self.assertFalse((self.snapshot / "a.gguf").exists())
        self.hub.files = {"README.md": b""}
        self.refused("neither")

    def test_fetches_all_shards(self):
        self.hub.files = {"x-00001-of-00002.gguf": self.model, "x-00002-of-00002.gguf": self.other}
        self.inspect()
        self.assertEqual({path.name for path in self.snapshot.iterdir()}, set(self.hub.files))
        del self.hub.files["x-00002-of-00002.gguf"]
        self.refused("x-00002-of-00002.gguf is missing")

    def test_fetches_a_checkpoint(self):
        self.hub.files = {"config.json": json.dumps({"architectures": ["BertModel"]}).encode(), "model.safetensors": b"x",
                          "tokenizer.json": b"{}", "README.md": b"", "pytorch_model.bin": b"", "model.gguf": self.model}
        self.refused("BertModel")
        self.assertEqual({path.name for path in self.snapshot.iterdir()},
                         {"config.json", "model.safetensors", "tokenizer.json"})

    def test_fetches_the_shards_of_a_checkpoint(self):
        index = {"weight_map": {"model.embed_tokens.weight": "part-one.safetensors", "lm_head.weight": "part-two.safetensors"}}
        self.hub.files = {"config.json": json.dumps({"architectures": ["BertModel"]}).encode(),
                          "model.safetensors.index.json": json.dumps(index).encode(), "part-one.safetensors": b"x",
                          "part-two.safetensors": b"y", "consolidated.safetensors": b"z"}
        self.refused("BertModel")
        self.assertEqual({path.name for path in self.snapshot.iterdir()}, set(self.hub.files) - {"consolidated.safetensors"})
        del self.hub.files["part-two.safetensors"]
        self.refused("part-two.safetensors is missing")
        self.hub.files["model.safetensors.index.json"] = b'{"weight_map": {"x": "../../evil.safetensors"}}'
        shutil.rmtree(self.snapshot)
        self.refused("evil.safetensors")

    def test_interrupted_and_resumed(self):
        self.hub.delay = 0.1
        process = subprocess.Popen([PROGRAM, "inspect", "-m", "hf:org/model"], env=self.environment(),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        part = self.snapshot / "model.gguf.part"
        deadline = time.time() + 30
        while not (part.exists() and part.stat().st_size > 0) and time.time() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        self.assertEqual((process.wait(timeout=20), process.stderr.read()), (130, b""))
        process.stderr.close()
        self.assertEqual([path.name for path in self.snapshot.iterdir()], ["model.gguf.part"])
        self.hub.delay = 0
        self.fetch()
        self.assert_fetched()

    def test_no_room_to_write(self):
        (self.cache / "msrnn").write_text("a file where the folder should be")
        self.refused("cannot make the folder")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
