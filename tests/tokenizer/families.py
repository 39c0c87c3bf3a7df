"""tokenizer.json pipelines as the families' own files have them."""

SPACE = "\u2581"
ISOLATED = {"behavior": "Isolated", "invert": False}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
BYTES_ONLY = {**BYTE_LEVEL, "use_regex": False}
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
END = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + END
QWEN2 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + END
QWEN35 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + END
GPT4O = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+{CONTRACTIONS}?|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*{CONTRACTIONS}?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + END
)
TEKKEN = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{UPPER}*{LOWER}+|[^\r\n\p{{L}}\p{{N}}]?{UPPER}+{LOWER}*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + END
)
DEEPSEEK3 = (
    "[!\"" r"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*" + END
)


DEEPSEEK_LETTERS = (
    "\\s?[A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF"
    "\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5"
    "\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA\u1CBD-"
    "\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D"
    "\u1F50-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-"
    "\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113"
    "\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139\u213C-\u213F\u2145-\u2149"
    "\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B"
    "\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-"
    "\uFF5A\U00010400-\U0001044F\U000104B0-\U000104D3\U000104D8-\U000104FB\U00010C80-\U00010CB2\U00010CC0"
    "-\U00010CF2\U000118A0-\U000118DF\U0001E900-\U0001E943]+"
)
DEEPSEEK_SIGNS = "\\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+"


def split(expression, **options):
    return {"type": "Split", "pattern": {"Regex": expression}, **ISOLATED, **options}


def sequence(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


def byte_level(pre_tokenizer, normalizer=None, **model):
    return {"normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "decoder": BYTE_LEVEL, "model": model}


REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
UNREPLACE = {"type": "Replace", "pattern": {"String": SPACE}, "content": " "}
STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}


def metaspace(prepend, pre_tokenizer=None, decoder=None):
    normalizer = {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": SPACE}, REPLACE]} if prepend else REPLACE
    steps = [UNREPLACE, {"type": "ByteFallback"}, {"type": "Fuse"}] + ([STRIP] if prepend else [])
    return {
        "normalizer": normalizer if decoder is None else None,
        "pre_tokenizer": pre_tokenizer,
        "decoder": decoder or {"type": "Sequence", "decoders": steps},
        "model": {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"},
    }


NFC = {"type": "NFC"}
DIGITS = {"type": "Digits", "individual_digits": True}
DECODER = {"type": "Sequence", "decoders": [UNREPLACE, {"type": "ByteFallback"}, {"type": "Fuse"}, STRIP]}
METASPACE = {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "first", "split": False}

# GGUF's name where there is one; what the file holds besides the vocabulary.
PIPELINES = {
    "gpt-2": byte_level(BYTE_LEVEL),
    "smollm": byte_level(sequence(DIGITS, BYTE_LEVEL)),
    "llama-bpe": byte_level(sequence(split(LLAMA3), BYTES_ONLY), ignore_merges=True),
    "qwen2": byte_level(sequence(split(QWEN2), BYTES_ONLY), normalizer=NFC),
    "qwen35": byte_level(sequence(split(QWEN35), BYTES_ONLY), normalizer=NFC),
    "gpt-4o": byte_level(sequence(split(GPT4O, behavior="Removed", invert=True), BYTES_ONLY)),
    "tekken": byte_level(sequence(split(TEKKEN), BYTES_ONLY), ignore_merges=True),
    "deepseek-v3": byte_level(sequence(split(r"\p{N}{1,3}"), split("[一-龥\u3040-ゟ゠-ヿ]+"), split(DEEPSEEK3), BYTES_ONLY)),
    "deepseek-llm": byte_level(sequence(split(r"[\r\n]"), split(DEEPSEEK_LETTERS), split(DEEPSEEK_SIGNS), split(r"\s+$"),
                                        split("[一-龥ࠀ-一가-\ud7ff]+"), DIGITS, BYTES_ONLY)),
    "deepseek-coder": byte_level(sequence(split(r"[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?\p{P}+"),
                                          split("[一-龥ࠀ-一가-\ud7ff]+"), DIGITS, BYTES_ONLY)),
    "llama-2": metaspace(prepend=True),
    "mistral-v3": metaspace(True, METASPACE, DECODER),
    "metaspace-split": metaspace(True, {**METASPACE, "prepend_scheme": "always", "split": True}, DECODER),
    "gemma-2": metaspace(False, {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}),
}


def added_token(content, token, special=True, **options):
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": not special, "special": special}
    return {"id": token, "content": content, **flags, **options}


def template(bos, token):
    """A post-processor that puts one token before a text."""
    return {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": bos, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {bos: {"id": bos, "ids": [token], "tokens": [bos]}},
    }


def tokenizer_json(family, vocabulary, merges, added, post_processor=None):
    """The file's content; merges are pairs."""
    pipeline = PIPELINES[family]
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
             "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, **pipeline["model"]}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": pipeline["normalizer"], "pre_tokenizer": pipeline["pre_tokenizer"], "post_processor": post_processor,
        "decoder": pipeline["decoder"], "model": {**model, "vocab": vocabulary, "merges": [list(m) for m in merges]},
    }


def merges_from_scores(scores):
    """The merges of a SentencePiece BPE vocabulary, from scores by piece, as transformers makes them."""
    ids = {piece: i for i, piece in enumerate(scores)}
    merges = []
    for piece, score in scores.items():
        cuts = [(piece[:i], piece[i:]) for i in range(1, len(piece))]
        cuts = [cut for cut in cuts if cut[0] in ids and cut[1] in ids]
        merges += [(left, right, score) for left, right in sorted(cuts, key=lambda cut: (ids[cut[0]], ids[cut[1]]))]
    merges.sort(key=lambda m: (m[2], len(m[0]), len(m[1])), reverse=True)
    return [(left, right) for left, right, _ in merges]
