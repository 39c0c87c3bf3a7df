#!/usr/bin/env python3
"""Computes with Hugging Face transformers what golden_test.cpp expects: logits of a very small model of every family.

usage: make_golden.py OUT [FAMILY…]                   (needs torch, transformers, numpy and what make_checkpoints.py needs)

The families and their settings are those of make_checkpoints.py. Weights are not stored: they follow from their name
(weight() here, golden_model.cpp there). A folder OUT/FAMILY holds
  config.json
  tensors.txt   a line for each tensor: name, type (F32, BF16), offset, gain, shape
  tokens.npy, logits.npy, decode.npy   as make_checkpoints.py has them
"""

import argparse
import json
import pathlib

import numpy as np
import torch

import make_checkpoints as checkpoints

WIDTH, VOCABULARY = 64, 32


def weight(name, offset, gain, shape):
    """offset + gain · u, u in [−1, 1): the splitmix64 sequence that starts from the name's FNV-1a hash."""
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    with np.errstate(over="ignore"):
        x = np.uint64(seed) + np.arange(1, np.prod(shape) + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    u = ((x ^ (x >> np.uint64(31))) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-23) - np.float32(1)
    return (np.float32(offset) + np.float32(gain) * u).reshape(shape)


def scale(name, shape, gemma):
    """Offset and gain, powers of two: norms near one, and attention sharp enough for a wrong rotation to show."""
    if "norm" in name:
        return 0 if gemma else 1, 0.25
    if len(shape) == 1:
        return 0, 0.5
    if "embed_tokens" in name:
        return 0, 0.25 if gemma else 1
    return 0, 2.0 ** round(-np.log2(shape[1]) / 2) * (4 if any(p in name for p in ("q_proj", "k_proj", "qkv_proj")) else 2)


@torch.no_grad()
def fill(model, gemma, dtype):
    lines = []
    for name, parameter in model.named_parameters():
        shape = tuple(parameter.shape)
        offset, gain = scale(name, shape, gemma)
        parameter.copy_(torch.from_numpy(weight(name, offset, gain, shape)).to(dtype).to(torch.float32))
        kind = "BF16" if dtype == torch.bfloat16 else "F32"
        lines.append(" ".join([name, kind, str(offset), str(gain), *map(str, shape)]))
    return "\n".join(lines) + "\n"


def make(name, family, folder):
    prefix, _, style, settings = family
    folder.mkdir(parents=True, exist_ok=True)
    model = checkpoints.make_model(prefix, WIDTH, settings)
    model.config.architectures = [type(model).__name__]
    dtype = torch.bfloat16 if name == checkpoints.BFLOAT16 else torch.float32
    (folder / "tensors.txt").write_text(fill(model, prefix.startswith("Gemma"), dtype))
    config = json.loads(model.config.to_json_string())
    if style == "old":
        config = checkpoints.old_config(config)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(0, VOCABULARY, (checkpoints.TOKENS,), generator=generator)
    whole, decoded = checkpoints.logits(model, tokens)
    np.save(folder / "tokens.npy", tokens.numpy().astype(np.int32))
    np.save(folder / "logits.npy", whole.astype(np.float32))
    np.save(folder / "decode.npy", decoded.astype(np.float32))
    print(f"{name}: logits spread by {whole.std():.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("families", nargs="*")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    checkpoints.VOCABULARY = VOCABULARY
    known = checkpoints.families(WIDTH)
    for name in arguments.families or known:
        make(name, known[name], arguments.out / name)


if __name__ == "__main__":
    main()
