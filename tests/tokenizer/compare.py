#!/usr/bin/env python3
"""Compares msrnn's tokenizers with those of other projects, over 3,000 texts a vocabulary.

usage: tests/tokenizer/compare.py PROGRAM VOCABULARIES [NAME…]

PROGRAM is build/release/tests/tokenizer/tokenize_lines, VOCABULARIES the folder models/ of llama.cpp (ggml-vocab-*.gguf;
the source archive of llama-cpp-python has it under vendor/llama.cpp). NAME picks comparisons whose name contains it.
Needs tokenizers, sentencepiece, protobuf, gguf, tiktoken, mistral-common and llama-cpp-python from PyPI.

 - GGUF files against llama.cpp.
 - tokenizer.json files, with the vocabularies of these GGUF files and the families' own pipelines, against tokenizers.
 - tokenizer.model files of Mistral, and the SentencePiece vocabularies of GGUF files, against sentencepiece.
 - Mistral's tekken vocabulary against tiktoken.
Texts that are not UTF-8 are checked to come back as they were.
"""

import base64
import json
import pathlib
import subprocess
import sys
import tempfile

from families import added_token, merges_from_scores, template, tokenizer_json
from texts import broken, texts

N_TEXTS = 3000
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6


class Failure(Exception):
    pass


def msrnn(program, path, items):
    """[(ids, decoded)] for [(text, flags)]."""
    lines = "".join(f"-{flags} {text.hex()}\n" for text, flags in items)
    result = subprocess.run([program, path], input=lines.encode(), capture_output=True, check=False)
    if result.returncode != 0:
        raise Failure(result.stderr.decode().strip())
    rows = [line.split("\t") for line in result.stdout.decode().splitlines()]
    return [([int(i) for i in ids.split()], bytes.fromhex(text)) for ids, text in rows]


def report(name, items, results, reference, decoded=None):
    """Counts where msrnn and the reference differ, and shows the first."""
    wrong = []
    for (text, flags), (ids, decoded_by_msrnn) in zip(items, results):
        expected = reference(text.decode(), flags)
        if ids != expected:
            wrong.append(f"{text!r} {flags}: expected {expected}, found {ids}")
        elif decoded is not None and decoded(ids) != decoded_by_msrnn.decode(errors="replace"):
            wrong.append(f"{ids}: expected {decoded(ids)!r}, found {decoded_by_msrnn!r}")
    print(f"{name}: {len(items)} texts, {len(wrong)} differ")
    for line in wrong[:5]:
        print("   ", line[:400])
    return len(wrong)


def check_round_trip(name, program, path, lossy):
    items = [(text, "") for text in broken(1000) if not any(part in text for part in lossy)]
    wrong = sum(text != decoded for (text, _), (_, decoded) in zip(items, msrnn(program, path, items)))
    print(f"{name}: {len(items)} byte strings, {wrong} do not come back")
    return wrong


class Gguf:
    """The vocabulary of a GGUF file."""

    def __init__(self, path):
        import gguf

        fields = gguf.GGUFReader(path).fields
        get = lambda key: fields[f"tokenizer.ggml.{key}"].contents() if f"tokenizer.ggml.{key}" in fields else None
        self.path = path
        self.pieces, self.types, self.scores = get("tokens"), get("token_type"), get("scores")
        self.merges = [tuple(merge.split(" ")) for merge in get("merges") or []]
        self.bos = get("bos_token_id")
        self.named = [i for i, t in enumerate(self.types) if t in (CONTROL, USER_DEFINED)]

    def names(self):
        return [self.pieces[i] for i in self.named][:30]


def flagged(names, flags):
    return [(text.encode(), f) for f in flags for text in texts(N_TEXTS, names)]


def compare_llama_cpp(program, vocabulary, name):
    import ctypes

    import llama_cpp

    quiet = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    parameters = llama_cpp.llama_model_default_params()
    parameters.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(str(vocabulary.path).encode(), parameters)
    vocab = llama_cpp.llama_model_get_vocab(model)

    def reference(text, flags):
        data = text.encode()
        tokens = (llama_cpp.llama_token * (len(data) + 16))()
        n = llama_cpp.llama_tokenize(vocab, data, len(data), tokens, len(tokens), "s" in flags, "p" in flags)
        return list(tokens[:n])

    # llama.cpp takes some names for control tokens whatever the file says; and where a token takes white space along,
    # it knows ASCII's alone.
    kinds = {vocabulary.pieces[i]: vocabulary.types[i] for i in range(len(vocabulary.pieces))}
    skip = [s for s in ("</s>", "<｜fim▁hole｜>", "<｜fim▁begin｜>", "<｜fim▁end｜>") if kinds.get(s, CONTROL) != CONTROL]
    wide = "\u0085\u00a0\u1680\u2000\u2003\u2028\u202f\u3000" if name == "phi-3" else ""
    # Here tokenizers agrees with msrnn.
    wide = "\u3000" if name == "deepseek-llm" else wide
    items = [(text, flags) for text, flags in flagged(vocabulary.names(), ("s", "p"))
             if not any(s.encode() in text for s in skip) and not any(c in text.decode() for c in wide)]
    return report(f"{name} (llama.cpp)", items, msrnn(program, vocabulary.path, items), reference)


def compare_tokenizers(program, folder, family, content):
    import tokenizers

    path = pathlib.Path(folder, "tokenizer.json")
    path.write_text(json.dumps(content), encoding="utf-8")
    reference = {"s": tokenizers.Tokenizer.from_file(str(path)), "p": tokenizers.Tokenizer.from_file(str(path))}
    reference["s"].encode_special_tokens = True
    names = [token["content"] for token in content["added_tokens"]][:30]
    items = flagged(names, ("s", "p"))
    # tokenizers decodes an added token that it found in the normalized text as it is normalized, and takes added letters
    # for bytes.
    exact = not any(token["normalized"] or token["content"] in "õ÷Áý" for token in content["added_tokens"])
    decode = lambda ids: reference["s"].decode(ids, skip_special_tokens=False)
    encode = lambda text, flags: reference[flags].encode(text, add_special_tokens="s" in flags).ids
    return report(f"{family} (tokenizers)", items, msrnn(program, path, items), encode, decode if exact else None)


def compare_sentencepiece(program, name, path, model):
    """model: bytes of the reference; path: what msrnn reads."""
    import sentencepiece

    reference = sentencepiece.SentencePieceProcessor(model_proto=model)
    items = flagged(["[REFERENCE_DOC_1]", "<s>"], ("",))
    return report(f"{name} (sentencepiece)", items, msrnn(program, path, items), lambda text, _: reference.encode(text),
                  lambda ids: reference.decode(ids) if reference.unk_id() not in ids and reference.bos_id() not in ids else None)


def byte_level_content(family, vocabulary):
    n_model = max(i for i, kind in enumerate(vocabulary.types) if kind == NORMAL) + 1
    ids = {piece: i for i, piece in enumerate(vocabulary.pieces[:n_model])}
    added = [added_token(vocabulary.pieces[i], i) for i in vocabulary.named]
    bos = vocabulary.pieces[vocabulary.bos]
    processor = template(bos, vocabulary.bos) if vocabulary.bos in vocabulary.named else None
    return tokenizer_json(family, ids, vocabulary.merges, added, processor)


def metaspace_content(family, vocabulary, **options):
    ids = {piece: i for i, piece in enumerate(vocabulary.pieces)}
    scores = {piece: vocabulary.scores[i] for i, piece in enumerate(vocabulary.pieces) if vocabulary.types[i] != CONTROL}
    scores = {piece: score for piece, score in scores.items() if vocabulary.types[ids[piece]] == NORMAL}
    merges = merges_from_scores({piece: scores.get(piece, -1e9) for piece in ids if piece in scores})
    added = [added_token(vocabulary.pieces[i], i, **options) for i in range(3)]
    added += [added_token(vocabulary.pieces[i], i, rstrip=True) for i in vocabulary.named if i > 2]
    return tokenizer_json(family, ids, merges, added, template("<s>", 1))


def model_proto(vocabulary):
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()
    for piece, score, kind in zip(vocabulary.pieces, vocabulary.scores, vocabulary.types):
        model.pieces.add(piece=piece, score=score, type=kind)
    model.trainer_spec.model_type = 2
    model.trainer_spec.byte_fallback = True
    model.normalizer_spec.remove_extra_whitespaces = False
    return model.SerializeToString()


def tekken_content(path):
    """tokenizer.json from Mistral's own format: merges are the cuts of a token into the two that tiktoken joins last."""
    data = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    n_special = data["config"]["default_num_special_tokens"]
    size = data["config"]["default_vocab_size"] - n_special
    ranks = {base64.b64decode(entry["token_bytes"]): entry["rank"] for entry in data["vocab"][:size]}
    alphabet, next_character = {}, 256
    for byte in range(256):
        visible = 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or byte >= 0xAE
        alphabet[byte] = chr(byte) if visible else chr(next_character)
        next_character += not visible
    spell = lambda token: "".join(alphabet[byte] for byte in token)
    merges = []
    for token, rank in ranks.items():
        if len(token) == 1:
            continue
        parts = [bytes([byte]) for byte in token]
        while len(parts) > 2:
            pairs = [(ranks.get(a + b, rank), i) for i, (a, b) in enumerate(zip(parts, parts[1:]))]
            least, i = min(pairs)
            if least >= rank:
                break
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
        if len(parts) == 2:
            merges.append((spell(parts[0]), spell(parts[1])))
    added = [added_token(f"<SPECIAL_{i}>", i) for i in range(n_special)]
    content = tokenizer_json("tekken", {spell(t): r + n_special for t, r in ranks.items()}, merges, added)
    return content, ranks, n_special, data["config"]["pattern"]


def compare_tiktoken(program, folder, name, source):
    import tiktoken

    content, ranks, n_special, pattern = tekken_content(source)
    path = pathlib.Path(folder, "tokenizer.json")
    path.write_text(json.dumps(content), encoding="utf-8")
    reference = tiktoken.Encoding("tekken", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    items = flagged(["<SPECIAL_3>"], ("",))
    return report(f"{name} (tiktoken)", items, msrnn(program, path, items),
                  lambda text, _: [i + n_special for i in reference.encode_ordinary(text)])


def comparisons(program, folder, vocabularies):
    """(name, function without arguments) of each."""
    gguf = lambda name: Gguf(vocabularies / f"ggml-vocab-{name}.gguf")
    for name in ("gpt-2", "llama-bpe", "qwen2", "qwen35", "starcoder", "refact", "command-r", "deepseek-coder", "deepseek-llm",
                 "llama-spm", "phi-3", "baichuan", "aquila"):
        yield name, lambda name=name: compare_llama_cpp(program, gguf(name), name)
    for family, source in (("gpt-2", "gpt-2"), ("smollm", "starcoder"), ("llama-bpe", "llama-bpe"), ("qwen2", "qwen2"),
                           ("qwen35", "qwen35"), ("gpt-4o", "llama-bpe"), ("tekken", "qwen2"), ("deepseek-v3", "deepseek-llm"), ("deepseek-llm", "deepseek-llm"),
                           ("deepseek-coder", "deepseek-coder")):
        yield family, lambda family=family, source=source: compare_tokenizers(
            program, folder, family, byte_level_content(family, gguf(source)))
    for family, source in (("llama-2", "llama-spm"), ("mistral-v3", "llama-spm"), ("metaspace-split", "llama-spm"),
                           ("gemma-2", "llama-spm"), ("llama-2", "phi-3")):
        for normalized in (False, True):
            yield f"{family} normalized", lambda family=family, source=source, normalized=normalized: compare_tokenizers(
                program, folder, f"{family}, {source}, normalized={normalized}",
                metaspace_content(family, gguf(source), normalized=normalized))
    for name in ("llama-spm", "baichuan"):
        yield name, lambda name=name: compare_sentencepiece(
            program, name, vocabularies / f"ggml-vocab-{name}.gguf", model_proto(gguf(name)))
    import mistral_common

    data = pathlib.Path(mistral_common.__file__).parent / "data"
    for path in sorted(data.glob("*.model.v*")):
        copy = pathlib.Path(folder, "tokenizer.model")
        yield path.name, lambda path=path, copy=copy: (copy.write_bytes(path.read_bytes()), compare_sentencepiece(
            program, path.name, copy, path.read_bytes()))[1]
    for path in sorted(data.glob("tekken*.json")):
        yield path.name, lambda path=path: compare_tiktoken(program, folder, path.name, path)
    for name in ("gpt-2", "llama-bpe", "qwen2", "llama-spm", "phi-3"):
        lossy = ["\u2581".encode(), b"</s>"] if name in ("llama-spm", "phi-3") else []
        yield f"{name} bytes", lambda name=name, lossy=lossy: check_round_trip(
            name, program, vocabularies / f"ggml-vocab-{name}.gguf", lossy)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    program, vocabularies, picked = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    n_wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, compare in comparisons(program, folder, vocabularies):
            if picked and not any(part in name for part in picked):
                continue
            try:
                n_wrong += compare()
            except Failure as failure:
                n_wrong += 1
                print(f"{name}: {failure}")
            sys.stdout.flush()
    sys.exit(1 if n_wrong else 0)


if __name__ == "__main__":
    main()
