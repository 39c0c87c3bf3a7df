#!/usr/bin/env python3
"""Writes the seeds: two small shards of a model, the length of the first before them."""

import importlib.util
import pathlib
import struct

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("gguf_seeds", HERE.parent / "gguf" / "make_seeds.py")
seeds = importlib.util.module_from_spec(spec)
spec.loader.exec_module(seeds)


def shard(number, count, n_tensors, tensors, pairs=()):
    split = [seeds.pair("split.no", seeds.U16, number), seeds.pair("split.count", seeds.U16, count),
             seeds.pair("split.tensors.count", seeds.I32, n_tensors)]
    return seeds.gguf(list(pairs) + split, tensors)


def both(first, second):
    return struct.pack("<H", len(first)) + first + second


ARCHITECTURE = [seeds.pair("general.architecture", seeds.STRING, "llama")]
SEEDS = {
    "one_each": both(shard(0, 2, 2, [("a", [3], 0)], ARCHITECTURE), shard(1, 2, 2, [("b", [32], 2)])),
    "first_empty": both(shard(0, 2, 1, []), shard(1, 2, 1, [("b", [2], 1)])),
    "twice": both(shard(0, 2, 2, [("a", [1], 0)]), shard(1, 2, 2, [("a", [1], 0)])),
    "wrong_order": both(shard(1, 2, 2, [("a", [1], 0)]), shard(0, 2, 2, [("b", [1], 0)])),
}

if __name__ == "__main__":
    (HERE / "seeds").mkdir(exist_ok=True)
    for name, content in SEEDS.items():
        (HERE / "seeds" / name).write_bytes(content)
