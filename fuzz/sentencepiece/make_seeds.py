#!/usr/bin/env python3
"""Writes seeds/: models of a few pieces. Needs sentencepiece and protobuf (PyPI). Run it in this folder."""

import pathlib

from sentencepiece import sentencepiece_model_pb2

UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 2, 3, 4, 5, 6
PIECES = [("<unk>", UNKNOWN), ("<s>", CONTROL), ("</s>", CONTROL), ("[X]", USER_DEFINED), ("\u2581", 1), ("a", 1), ("b", 1),
          ("ab", 1), ("\u2581a", 1), ("c", UNUSED)]


def model(model_type, with_bytes, **normalizer):
    proto = sentencepiece_model_pb2.ModelProto()
    pieces = PIECES + [(f"<0x{byte:02X}>", BYTE) for byte in range(256 if with_bytes else 0)]
    for i, (piece, kind) in enumerate(pieces):
        proto.pieces.add(piece=piece, score=-float(i), type=kind)
    proto.trainer_spec.model_type = model_type
    proto.trainer_spec.byte_fallback = with_bytes
    for option, value in normalizer.items():
        setattr(proto.normalizer_spec, option, value)
    return proto.SerializeToString()


def main():
    seeds = {
        "bpe": model(2, False, add_dummy_prefix=True, remove_extra_whitespaces=False),
        "bpe_bytes": model(2, True, add_dummy_prefix=False, remove_extra_whitespaces=False),
        "unigram": model(1, False, add_dummy_prefix=True, remove_extra_whitespaces=True),
        "unigram_bytes": model(1, True, add_dummy_prefix=True),
    }
    for name, content in seeds.items():
        pathlib.Path("seeds", name).write_bytes(content)


if __name__ == "__main__":
    main()
