#!/usr/bin/env python3
"""Writes the seeds: a configuration of every family, and the files of a tokenizer."""

import json
import pathlib

FOLDER = pathlib.Path(__file__).parent / "seeds"
BASE = {"hidden_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 9,
        "intermediate_size": 16, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0}


def config(name, **changes):
    return {"architectures": [name + "ForCausalLM"], **BASE, **changes}


LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 32}
YARN = {"type": "yarn", "factor": 4.0, "beta_fast": 32, "beta_slow": 1, "mscale": 1.0, "mscale_all_dim": 0.5,
        "attention_factor": 1.1, "original_max_position_embeddings": 16, "truncate": True}

SEEDS = {
    "llama": config("Llama", hidden_act="silu", tie_word_embeddings=True, head_dim=4),
    "llama3": config("Llama", rope_scaling=LLAMA3),
    "linear": config("Llama", rope_scaling={"type": "linear", "factor": 2.0}),
    "dynamic": config("Llama", rope_scaling={"type": "dynamic", "factor": 2.0}),
    "yarn": config("Llama", rope_scaling=YARN),
    "mistral": config("Mistral", sliding_window=4),
    "qwen2": config("Qwen2", use_sliding_window=True, max_window_layers=1, sliding_window=4),
    "qwen3": config("Qwen3", head_dim=8, layer_types=["full_attention"] * 3),
    "gemma2": config("Gemma2", hidden_activation="gelu_pytorch_tanh", query_pre_attn_scalar=8, sliding_window=4),
    "gemma3": config("Gemma3", rope_parameters={"full_attention": {"rope_type": "linear", "factor": 8.0},
                                                "sliding_attention": {"rope_theta": 10000.0}},
                     layer_types=["sliding_attention", "full_attention", "sliding_attention"]),
    "gemma3-image": {"architectures": ["Gemma3ForConditionalGeneration"],
                     "text_config": {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 2}},
    "phi3": config("Phi3", partial_rotary_factor=0.5, original_max_position_embeddings=32,
                   rope_scaling={"type": "longrope", "short_factor": [1.0], "long_factor": [2.0]}),
    "refused": config("Bert", quantization_config={"quant_method": "gptq"}),
    "tokenizer": {"added_tokens": [{"id": 1, "content": "<s>", "special": True}],
                  "post_processor": {"single": [{"SpecialToken": {"id": "<s>"}}]}, "model": {"vocab": {}}},
    "tokenizer_config": {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "bos_token": {"content": "<s>"},
                         "eos_token": "</s>", "added_tokens_decoder": {"1": {"content": "<s>"}},
                         "chat_template": [{"name": "default", "template": "x"}, {"name": "tool", "template": "y"}]},
    "generation_config": {"bos_token_id": 1, "eos_token_id": [2, 3], "chat_template": "x"},
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, content in SEEDS.items():
        (FOLDER / name).write_text(json.dumps(content))
