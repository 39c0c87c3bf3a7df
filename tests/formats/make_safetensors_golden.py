#!/usr/bin/env python3
"""Writes golden/types.safetensors with the safetensors package, and golden/types.f32: its numbers, by tensor name.

usage: make_safetensors_golden.py      (needs torch, safetensors, numpy)
"""

import pathlib

import numpy as np
import torch
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).parent / "golden"


def main():
    generator = torch.Generator().manual_seed(1)
    tensors = {
        "vector.f32": torch.randn(7, generator=generator),
        "matrix.f16": (torch.randn(3, 5, generator=generator) * 100).to(torch.float16),
        "cube.bf16": (torch.randn(2, 3, 4, generator=generator) * 1e-3).to(torch.bfloat16),
        "edge.f16": torch.tensor([0.0, -0.0, 65504.0, 6e-8, float("inf")]).to(torch.float16),
        'name "quoted" \u00e9': torch.tensor([1.5]),
    }
    FOLDER.mkdir(exist_ok=True)
    save_file(tensors, FOLDER / "types.safetensors", metadata={"format": "pt"})
    numbers = [tensors[name].to(torch.float32).numpy().ravel() for name in sorted(tensors)]
    np.concatenate(numbers).astype("<f4").tofile(FOLDER / "types.f32")


if __name__ == "__main__":
    main()
