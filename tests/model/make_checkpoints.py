#!/usr/bin/env python3
"""Makes a tiny checkpoint of every family, random weights, with the logits that Hugging Face transformers computes.

usage: make_checkpoints.py OUT [FAMILY…] [--width N]      (needs torch, transformers, safetensors, sentencepiece, numpy)

Each folder OUT/FAMILY is what a user downloads: config.json, *.safetensors (one family sharded, one in bfloat16),
tokenizer.json or tokenizer.model, tokenizer_config.json, generation_config.json; and beside them
  tokens.npy   [T] i32            the text, longer than every sliding window and original context here
  logits.npy   [T, vocabulary] f32   one pass over all tokens, in float32
  decode.npy   [D, vocabulary] f32   the last D tokens one by one with a cache, after a pass over the others
Where the rotary frequencies follow the length (dynamic NTK, longrope) these differ: cached keys keep the rotation
they were given, and a pass takes the frequencies of its whole length.
"""

import argparse
import copy
import json
import pathlib
import zlib

import numpy as np
import sentencepiece
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TOKENS, DECODED, VOCABULARY, WINDOW, CONTEXT, ORIGINAL_CONTEXT = 48, 16, 512, 12, 128, 32
TEXT = pathlib.Path(__file__).resolve().parents[2] / "examples/texts/leavenworth.txt"

LLAMA3_ROPE = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
               "high_freq_factor": 4.0, "original_max_position_embeddings": ORIGINAL_CONTEXT}
YARN_ROPE = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0,
             "original_max_position_embeddings": ORIGINAL_CONTEXT}


def longrope(head_dim):
    steps = np.linspace(0, 1, head_dim // 2)
    return {"rope_type": "longrope", "rope_theta": 10000.0, "original_max_position_embeddings": ORIGINAL_CONTEXT,
            "short_factor": [round(1 + 0.1 * s, 4) for s in steps],
            "long_factor": [round(1 + 3 * s * s, 4) for s in steps]}


def rope(theta, **scaling):
    return {"rope_type": "default", "rope_theta": theta, **scaling}


# By name: class prefix; tokenizer; how config.json says things: "old" as before transformers 5 (rope_theta,
# rope_scaling, no layer_types), which is what most checkpoints have, or "new"; and the configuration.
def families(width):
    heads, head_dim = 4, width // 4
    gqa = {"num_attention_heads": heads, "num_key_value_heads": 2}
    return {
        "llama2": ("Llama", "llama", "old", {"num_key_value_heads": heads}),
        "llama3": ("Llama", "llama-bpe", "old", {**gqa, "rope_parameters": LLAMA3_ROPE, "tie_word_embeddings": True}),
        "llama-linear": ("Llama", "llama", "old", {**gqa, "rope_parameters": rope(1e4, rope_type="linear", factor=4.0)}),
        "llama-dynamic": ("Llama", "llama", "old", {**gqa, "rope_parameters": rope(1e4, rope_type="dynamic", factor=2.0),
                                                    "max_position_embeddings": ORIGINAL_CONTEXT}),
        "llama-yarn": ("Llama", "llama", "new", {**gqa, "rope_parameters": YARN_ROPE}),
        "mistral-window": ("Mistral", "llama", "old", {**gqa, "sliding_window": WINDOW}),
        "mistral": ("Mistral", "llama", "new", {**gqa, "sliding_window": None, "rope_parameters": rope(1e6)}),
        "yi": ("Llama", "llama", "old", {"num_key_value_heads": 1, "rope_parameters": rope(5e6)}),
        "qwen2": ("Qwen2", "qwen2", "old", {**gqa, "rope_parameters": rope(1e6), "use_sliding_window": False}),
        "qwen2-yarn": ("Qwen2", "qwen2", "new", {**gqa, "rope_parameters": {**YARN_ROPE, "rope_theta": 1e6}}),
        "qwen3": ("Qwen3", "qwen2", "old", {**gqa, "head_dim": head_dim * 2, "rope_parameters": rope(1e6),
                                            "tie_word_embeddings": True}),
        "gemma2": ("Gemma2", "gemma", "old", {**gqa, "head_dim": head_dim * 2, "sliding_window": WINDOW,
                                              "query_pre_attn_scalar": head_dim, "num_hidden_layers": 4}),
        "gemma2-plain": ("Gemma2", "gemma", "new", {**gqa, "head_dim": head_dim * 2, "sliding_window": WINDOW,
                                                    "query_pre_attn_scalar": head_dim * 2, "num_hidden_layers": 4}),
        "gemma3": ("Gemma3", "gemma", "new", {**gqa, "head_dim": head_dim * 2, "sliding_window": WINDOW,
                                              "query_pre_attn_scalar": head_dim * 2, "num_hidden_layers": 7,
                                              "rope_parameters": {
                                                  "full_attention": rope(1e6, rope_type="linear", factor=8.0),
                                                  "sliding_attention": rope(1e4)}}),
        "phi3": ("Phi3", "llama", "old", {**gqa, "sliding_window": WINDOW, "original_max_position_embeddings": CONTEXT}),
        "phi3-longrope": ("Phi3", "llama", "old", {**gqa, "sliding_window": None, "rope_parameters": longrope(head_dim),
                                                   "original_max_position_embeddings": ORIGINAL_CONTEXT}),
        "phi3-partial": ("Phi3", "llama", "old", {**gqa, "sliding_window": None,
                                                  "original_max_position_embeddings": CONTEXT,
                                                  "rope_parameters": rope(1e4, partial_rotary_factor=0.75)}),
    }


SHARDED, BFLOAT16 = "llama2", "llama3"


def make_model(prefix, width, settings):
    config_class = getattr(transformers, prefix + ("TextConfig" if prefix == "Gemma3" else "Config"))
    defaults = {"vocab_size": VOCABULARY, "hidden_size": width, "intermediate_size": 2 * width, "num_hidden_layers": 3,
                "num_attention_heads": 4, "max_position_embeddings": CONTEXT, "bos_token_id": 1, "eos_token_id": 2,
                "pad_token_id": 0, "attn_implementation": "eager"}
    config = config_class(**{**defaults, **settings})
    model = getattr(transformers, prefix + "ForCausalLM")(config).to(torch.float32).eval()
    assert model.config._attn_implementation == "eager"
    return model


def randomise(model, gemma, generator):
    """Norms near one, and matrices that make attention sharp enough for a wrong rotation or window to show."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if "norm" in name:
                weight.copy_(0.2 * noise + (0 if gemma else 1))
            elif weight.dim() == 1:
                weight.copy_(0.5 * noise)
            elif "embed_tokens" in name:
                weight.copy_(noise * (0.2 if gemma else 1))
            else:
                gain = 2.0 if any(part in name for part in ("q_proj", "k_proj", "qkv_proj")) else 1.0
                weight.copy_(gain / weight.shape[1] ** 0.5 * noise)


@torch.no_grad()
def logits(model, tokens):
    # Each on a model of its own: rotary frequencies that follow the length are kept from call to call.
    whole = copy.deepcopy(model)(input_ids=tokens[None], use_cache=False).logits[0]
    decoder, cache, rows = copy.deepcopy(model), None, []
    for part in (tokens[:-DECODED], *tokens[-DECODED:].split(1)):
        out = decoder(input_ids=part[None], past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        rows.append(out.logits[0, -1])
    return whole.numpy(), torch.stack(rows[1:]).numpy()


def old_config(config):
    """As transformers 4 wrote it."""
    rope_parameters = config.pop("rope_parameters", None) or {}
    config.pop("layer_types", None)
    config["torch_dtype"] = config.pop("dtype", "float32")
    config["rope_theta"] = rope_parameters.pop("rope_theta", 10000.0)
    kind = rope_parameters.pop("rope_type", "default")
    if "partial_rotary_factor" in rope_parameters:
        config["partial_rotary_factor"] = rope_parameters.pop("partial_rotary_factor")
    if kind == "llama3":
        config["rope_scaling"] = {"rope_type": kind, **rope_parameters}
    elif kind != "default":
        if kind == "longrope":
            rope_parameters.pop("original_max_position_embeddings", None)
        config["rope_scaling"] = {"type": kind, **rope_parameters}
    return config


def write_sentencepiece(folder, scheme):
    """A vocabulary of BPE pieces with byte fallback, ids as the family has them, and the settings file of its class."""
    gemma = scheme == "gemma"
    ids = {"pad_id": 0, "eos_id": 1, "bos_id": 2, "unk_id": 3} if gemma else {"unk_id": 0, "bos_id": 1, "eos_id": 2, "pad_id": -1}
    sentencepiece.SentencePieceTrainer.train(
        input=str(TEXT), model_prefix=str(folder / "tokenizer"), model_type="bpe", vocab_size=VOCABULARY - 4,
        byte_fallback=True, character_coverage=0.999, normalization_rule_name="identity",
        remove_extra_whitespaces=False, add_dummy_prefix=not gemma, split_digits=True,
        allow_whitespace_only_pieces=True, minloglevel=2, **ids)
    (folder / "tokenizer.vocab").unlink()
    template = "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}{% endfor %}"
    added = {str(VOCABULARY - 4 + i): {"content": f"<|{'endoftext' if i == 0 else f'extra_{i}'}|>", "special": i < 2, "normalized": False,
                                       "lstrip": False, "rstrip": False, "single_word": False} for i in range(4)}
    settings = {"tokenizer_class": "GemmaTokenizer" if gemma else "LlamaTokenizer", "add_bos_token": True,
                "add_eos_token": False, "added_tokens_decoder": added, "chat_template": template,
                "bos_token": "<bos>" if gemma else "<s>", "eos_token": "<eos>" if gemma else "</s>", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2))
    return (2, 1) if gemma else (1, 2)


SPLITS = {
    "llama-bpe": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
                 r"|\s+(?!\S)|\s+",
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
             r"|\s+(?!\S)|\s+",
}


def write_byte_level(folder, scheme):
    from tokenizers import Regex
    tokenizer = Tokenizer(models.BPE(ignore_merges=scheme == "llama-bpe"))
    if scheme == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLITS[scheme]), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train([str(TEXT)], trainers.BpeTrainer(vocab_size=VOCABULARY - 4, show_progress=False,
                                                     initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    bos, eos = VOCABULARY - 4, VOCABULARY - 3
    tokenizer.add_special_tokens(["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|reserved|>"])
    if scheme == "llama-bpe":
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", bos)])
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast" if scheme == "llama-bpe" else "Qwen2Tokenizer",
                "bos_token": "<|begin_of_text|>" if scheme == "llama-bpe" else None, "eos_token": "<|end_of_text|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2))
    (folder / "chat_template.jinja").write_text("{% for m in messages %}{{ m['content'] }}<|eot_id|>{% endfor %}")
    return bos, eos


def make(name, family, folder, width):
    prefix, scheme, style, settings = family
    folder.mkdir(parents=True, exist_ok=True)
    byte_level = scheme in SPLITS
    bos, eos = write_byte_level(folder, scheme) if byte_level else write_sentencepiece(folder, scheme)
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    model = make_model(prefix, width, {**settings, "bos_token_id": bos, "eos_token_id": eos})
    randomise(model, prefix.startswith("Gemma"), generator)
    if name == BFLOAT16:  # computed in float32 from the rounded weights
        for weight in model.parameters():
            weight.data = weight.data.to(torch.bfloat16).to(torch.float32)
        rounded = {key: value.to(torch.bfloat16) for key, value in model.state_dict().items()}
    tokens = torch.randint(0, VOCABULARY, (TOKENS,), generator=generator)
    whole, decoded = logits(model, tokens)
    options = {"state_dict": rounded} if name == BFLOAT16 else {}
    model.save_pretrained(folder, max_shard_size="3MB" if name == SHARDED else "1GB", **options)
    if style == "old":
        path = folder / "config.json"
        path.write_text(json.dumps(old_config(json.loads(path.read_text())), indent=2))
    (folder / "generation_config.json").write_text(
        json.dumps({"bos_token_id": bos, "eos_token_id": [eos, VOCABULARY - 2], "do_sample": True}, indent=2))
    np.save(folder / "tokens.npy", tokens.numpy().astype(np.int32))
    np.save(folder / "logits.npy", whole.astype(np.float32))
    np.save(folder / "decode.npy", decoded.astype(np.float32))
    gap = np.abs(whole[-DECODED:] - decoded).max() / np.abs(whole).max()
    print(f"{name}: {sum(p.numel() for p in model.parameters())} weights, pass and decode differ by {gap:.1e}, "
          f"logits spread by {whole.std():.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("families", nargs="*")
    parser.add_argument("--width", type=int, default=256, help="of the hidden state; k-quants need multiples of 256")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    known = families(arguments.width)
    for name in arguments.families or known:
        make(name, known[name], arguments.out / name, arguments.width)


if __name__ == "__main__":
    main()
