#!/usr/bin/env python3
"""Writes the seeds: small valid GGUF files, together with every kind of value, tensor and alignment."""

import pathlib
import struct

FOLDER = pathlib.Path(__file__).parent / "seeds"
U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
SCALARS = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "?", U64: "Q", I64: "q", F64: "d"}
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84),
          11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 20: (32, 18), 23: (256, 136),
          30: (1, 2)}  # type → numbers, bytes


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def scalar(kind, value):
    return text(value) if kind == STRING else struct.pack("<" + SCALARS[kind], value)


def pair(key, kind, value):
    return text(key) + struct.pack("<I", kind) + scalar(kind, value)


def array(key, kind, values):
    head = struct.pack("<IIQ", ARRAY, kind, len(values))
    return text(key) + head + b"".join(scalar(kind, value) for value in values)


def gguf(pairs, tensors, version=3, alignment=32):
    """tensors: (name, dimensions with the innermost first, type)."""
    table, data = b"", b""
    for name, dimensions, kind in tensors:
        table += text(name) + struct.pack("<I", len(dimensions))
        table += b"".join(struct.pack("<Q", n) for n in dimensions) + struct.pack("<IQ", kind, len(data))
        numbers = 1
        for n in dimensions:
            numbers *= n
        block, size = BLOCKS[kind]
        stored = numbers // block * size
        data += bytes(i % 251 for i in range(stored)) + bytes(-stored % alignment)
    head = struct.pack("<4sIQQ", b"GGUF", version, len(tensors), len(pairs)) + b"".join(pairs) + table
    return head + bytes(-len(head) % alignment) + data


SEEDS = {
    "empty": gguf([], []),
    "scalars": gguf([pair(f"k{kind}", kind, 1) for kind in SCALARS] + [pair("s", STRING, "text")], []),
    "arrays": gguf([array(f"k{kind}", kind, [0, 1]) for kind in SCALARS] + [array("s", STRING, ["", "a", "bc"])], []),
    "plain": gguf([pair("general.architecture", STRING, "llama")],
                  [("a", [3], 0), ("b", [2, 3], 1), ("c", [1, 2, 2], 30), ("d", [1, 2, 1, 2], 0)]),
    "quantised": gguf([], [("a", [32], 2), ("b", [32, 2], 3), ("c", [64], 8)]),
    "small_blocks": gguf([], [(f"t{kind}", [32], kind) for kind in (6, 7, 20)]),
    "large_blocks": gguf([], [(f"t{kind}", [256], kind) for kind in (10, 11, 12, 13, 14, 23)]),
    "aligned_8": gguf([pair("general.alignment", U32, 8)], [("a", [1], 0), ("b", [1], 0)], alignment=8),
    "version_2": gguf([pair("general.alignment", U32, 64)], [("a", [1], 0)], version=2, alignment=64),
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in SEEDS.items():
        (FOLDER / name).write_bytes(content)
