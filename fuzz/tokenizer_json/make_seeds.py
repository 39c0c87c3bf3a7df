#!/usr/bin/env python3
"""Writes seeds/: every family's pipeline with a vocabulary of a few pieces. Run it in this folder."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "tokenizer"))

from families import PIPELINES, added_token, template, tokenizer_json  # noqa: E402

BYTES = {piece: i for i, piece in enumerate(["a", "b", "c", "Ġ", "1", "Ġa", "ab"])}
CHARACTERS = {piece: i for i, piece in enumerate(["<unk>", "a", "b", "c", "\u2581", "\u2581a", "ab"])}


def main():
    for family, pipeline in PIPELINES.items():
        is_bytes = pipeline["decoder"]["type"] == "ByteLevel"
        vocabulary, space = (BYTES, "Ġ") if is_bytes else (CHARACTERS, "\u2581")
        added = [added_token("<s>", len(vocabulary), rstrip=True), added_token("</s>", len(vocabulary) + 1, special=False)]
        content = tokenizer_json(family, vocabulary, [("a", "b"), (space, "a")], added, template("<s>", len(vocabulary)))
        content["model"]["byte_fallback"] = False
        pathlib.Path("seeds", family).write_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
