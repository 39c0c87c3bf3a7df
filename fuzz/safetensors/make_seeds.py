#!/usr/bin/env python3
"""Writes the seeds: small valid safetensors files, and some that are nearly so."""

import json
import pathlib
import struct

FOLDER = pathlib.Path(__file__).parent / "seeds"


def tensor(kind, shape, begin, end):
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


def file(header, data_bytes, padding=0):
    text = (header if isinstance(header, str) else json.dumps(header)).encode() + b" " * padding
    return struct.pack("<Q", len(text)) + text + bytes(i % 251 for i in range(data_bytes))


SEEDS = {
    "empty": file({}, 0),
    "types": file({"a": tensor("F32", [2], 0, 8), "b": tensor("F16", [1, 3], 8, 14), "c": tensor("BF16", [1], 14, 16)}, 16),
    "metadata": file({"__metadata__": {"format": "pt"}, "a": tensor("F16", [2, 1, 2, 1], 0, 8)}, 8, padding=7),
    "hole": file({"a": tensor("F32", [1], 4, 8)}, 8),
    "twice": file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
    "type": file({"a": tensor("I64", [1], 0, 8)}, 8),
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in SEEDS.items():
        (FOLDER / name).write_bytes(content)
