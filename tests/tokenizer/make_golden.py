#!/usr/bin/env python3
"""Writes golden.json, bpe.model and unigram.model: small vocabularies, trained here, and what other projects' tokenizers
make of texts with them.

Needs tokenizers and sentencepiece (pip install tokenizers sentencepiece protobuf). Run it in this folder after changing
families.py or texts.py.
"""

import io
import json
import pathlib
import random

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2

from families import PIPELINES, added_token, merges_from_scores, template, tokenizer_json
from texts import CODE, EMOJI, MARKS, SPACES, WORDS, texts

NAMES = ["<s>", "</s>", "<unk>", "<|user|>", "<word>"]
N_TEXTS = 110


def corpus():
    rng = random.Random(3)
    lines = []
    for _ in range(3000):
        lines.append("".join(rng.choice(["", " ", "  "]) + rng.choice(WORDS + EMOJI + CODE + MARKS) for _ in range(8)))
    return lines


def some_texts():
    """A part of the texts, with those that show the most first."""
    fixed = ["", " ", "a", " a", "  a", "a ", "Hello world", "  Hello   world  ", "<s>", "x<|user|> \n\n x", " <word> a<word>b", "a</s>b <s>c"]
    pool = [text for text in texts(3000, NAMES) if 3 <= len(text) <= 40 and text not in fixed]
    return fixed + [c + "x " + c for c in SPACES if len(c) < 4] + random.Random(4).sample(pool, N_TEXTS - len(fixed) - len(SPACES) + 2)


def train_sentencepiece(model_type, size, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()), model_writer=model, model_type=model_type, vocab_size=size, num_threads=1,
        normalization_rule_name="identity", character_coverage=0.99, minloglevel=2, **options)
    return model.getvalue()


def train_bytes():
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=500, initial_alphabet=sorted(alphabet), show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def characters_of(model):
    """The vocabulary of a SentencePiece BPE model, as transformers converts it."""
    proto = sentencepiece_model_pb2.ModelProto.FromString(model)
    normal = {piece.piece: piece.score for piece in proto.pieces if piece.type == 1}
    return {piece.piece: i for i, piece in enumerate(proto.pieces)}, merges_from_scores(normal)


def content_of(family, byte_level, characters):
    is_bytes = PIPELINES[family]["decoder"]["type"] == "ByteLevel"
    vocabulary, merges = byte_level if is_bytes else characters
    start = len(vocabulary)
    ids = {name: vocabulary.get(name, start + i) for i, name in enumerate(NAMES)}
    added = [added_token("<s>", ids["<s>"]), added_token("</s>", ids["</s>"], special=False, normalized=family == "llama-2"),
             added_token("<unk>", ids["<unk>"], normalized=family == "mistral-v3"),
             added_token("<|user|>", ids["<|user|>"], rstrip=True),
             added_token("<word>", ids["<word>"], special=False, lstrip=True)]
    added.sort(key=lambda token: token["id"])
    for i, token in enumerate(t for t in added if t["id"] >= start):
        token["id"] = start + i  # tokenizers numbers them so
    bos = next(token["id"] for token in added if token["content"] == "<s>")
    return tokenizer_json(family, vocabulary, merges, added, template("<s>", bos)), "bytes" if is_bytes else "characters"


def case_of(family, sources, lines):
    content, source = content_of(family, *sources)
    plain = tokenizers.Tokenizer.from_str(json.dumps(content))
    parsing = tokenizers.Tokenizer.from_str(json.dumps(content))
    plain.encode_special_tokens = True
    # Every other text: BOS before it, or special tokens in it.
    ids = [plain.encode(t).ids if i % 2 else parsing.encode(t, add_special_tokens=False).ids for i, t in enumerate(lines)]
    del content["model"]["vocab"], content["model"]["merges"]
    return {"name": family, "vocabulary": source, "file": content, "ids": [" ".join(map(str, i)) for i in ids]}


def sentencepiece_case(name, model, lines):
    pathlib.Path(name).write_bytes(model)
    reference = sentencepiece.SentencePieceProcessor(model_proto=model)
    ids = [reference.encode(text) for text in lines]
    return {"name": name, "ids": [" ".join(map(str, i)) for i in ids], "decoded": [reference.decode(i) for i in ids]}


def main():
    bpe = train_sentencepiece("bpe", 700, byte_fallback=True, remove_extra_whitespaces=False, user_defined_symbols=["<word>"],
                              control_symbols=["<|user|>"], split_digits=True, allow_whitespace_only_pieces=True)
    unigram = train_sentencepiece("unigram", 400, user_defined_symbols=["<word>"])
    sources = train_bytes(), characters_of(bpe)
    lines = some_texts()
    golden = {
        "texts": lines,
        "bytes": {"vocab": sources[0][0], "merges": [" ".join(merge) for merge in sources[0][1]]},
        "characters": {"vocab": sources[1][0], "merges": [list(merge) for merge in sources[1][1]]},
        "pipelines": [case_of(family, sources, lines) for family in PIPELINES],
        "models": [sentencepiece_case("bpe.model", bpe, lines), sentencepiece_case("unigram.model", unigram, lines)],
    }
    pathlib.Path("golden.json").write_text(json.dumps(golden, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
