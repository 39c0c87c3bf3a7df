"""Texts on which tokenizers tend to differ, the same every time."""

import random

WORDS = (
    "the of and a to in is you that it he was for on are as with his they I at be this have from or one had by word "
    "Hello HELLO hello world don't DON'T we'll We'LL they're I'd I'M it's IT'S o'clock rock'n'roll naïve café résumé "
    "Straße Ünïcödé straße ﬁne ǅ Ǆ ŉ İstanbul ıspanak "
    "привет мир Москва ёлка ΑΒΓ Ωμέγα λόγος שלום עולם مرحبا العالم ١٢٣ नमस्ते दुनिया हिन्दी স্বাগতম தமிழ் ไทย ภาษาไทย "
    "日本語 こんにちは カタカナ 漢字 中文 你好世界 龥龦 한국어 안녕하세요 Việt Nam Kinh Phượng ქართული ᲥᲐᲠᲗᲣᲚᲘ አማርኛ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐐀𐐨 𠮷野家 "
    "ſ 'ſ K Å Å ﬆ ª º ² ³ ¼ ½ Ⅷ ① ๑๒ ৪ 〇 𝟘𝟙 "
).split()
EMOJI = "😀 👩‍👩‍👧 🏳️‍🌈 👍🏽 🇩🇪 ❤️ ☃ ✨ 1️⃣ 🫠".split()
CODE = [
    "def f(x):\n    return x ** 2  # square\n",
    "for (int i = 0; i < 10; ++i) {\n\t\tsum += a[i];\n}\n",
    "#include <stdio.h>\r\nint main(void) {\r\n  printf(\"%d\\n\", 42);\r\n}\r\n",
    "SELECT * FROM t WHERE a='b' AND c>=10;",
    "https://example.org/a/b?c=d&e=f#g",
    "{\"key\": [1, 2.5e-3, null, true], \"nested\": {\"a\": \"\\u00e9\"}}",
    "x = 'It''s'; y = \"\"\"doc\"\"\"",
    "<a href='x'>&nbsp;</a><!-- c -->",
    "λ x → x ∘ f ≠ ⊥ ∀ε>0 ∃δ",
    "$$\\frac{a}{b}$$ `code` **bold** ~~no~~ ___",
]
SPACES = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", "\r", " \n", "\n ", "\t\t", "\u00a0", "\u3000", "\u2003", "\u200b", "\u1680",
          "\u180e", "\u2028", "\u0085", "\u000b", "\u000c", "\u001c", "\u202f", "\ufeff", " " * 17, "\n" * 9, "\u2581", "\u2581\u2581"]
SIGNS = list("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + ["...", "—", "–", "“", "”", "…", "、", "。", "！", "¿", "€", "©", "``", "''", "/\n", "!\r\n"]
MARKS = ["e\u0301", "a\u0308\u0323", "\u0301", "\u0301\u0301x", "ệ", "e\u0302\u0323", "क्षि", "\u1100\u1161\u11a8", "가\u11a8", "\u212b", "\u2126",
         "n\u0303", "\ufb01", "\u0344", "\u0958", "\U0001d15e"]
CONTROLS = [chr(c) for c in list(range(32)) + [127, 128, 0x9F, 0xAD, 0xFFFD, 0xFFFE, 0xE000, 0x10FFFF, 0x3FF]]


def number(rng):
    digits = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 12)))
    return rng.choice([digits, digits + "." + digits, "-" + digits, "1,000,000", digits + "th", "0x" + digits, digits + "%"])


def scalar(rng):
    while True:
        code = rng.choice([rng.randrange(0x80), rng.randrange(0x800), rng.randrange(0x10000), rng.randrange(0x110000)])
        if not 0xD800 <= code < 0xE000:
            return chr(code)


def piece(rng, names):
    return rng.choice([
        lambda: rng.choice(WORDS), lambda: " " + rng.choice(WORDS), lambda: rng.choice(WORDS) + " ",
        lambda: rng.choice(EMOJI), lambda: rng.choice(CODE), lambda: rng.choice(SPACES), lambda: rng.choice(SIGNS),
        lambda: rng.choice(MARKS), lambda: number(rng), lambda: rng.choice(CONTROLS), lambda: rng.choice(names),
        lambda: scalar(rng), lambda: rng.choice(SIGNS) + rng.choice(WORDS), lambda: rng.choice(SPACES) + number(rng),
        lambda: rng.choice(SPACES) + rng.choice(names) + rng.choice(SPACES),
    ])()


def texts(n, names, seed=1):
    """n texts; `names` are special tokens that may occur in them."""
    rng = random.Random(seed)
    names = list(names) or ["<s>"]
    fixed = ["", " ", "a", " a", "a ", *WORDS, *EMOJI, *CODE, *SPACES, *SIGNS, *MARKS, *CONTROLS, *names]
    fixed += [a + b for a in SPACES for b in ("x", "1", "\n", ".", " ")] + [a + b for a in ("x", "1", "'s") for b in SPACES]
    fixed += [name + "x" for name in names[:20]] + ["x" + name for name in names[:20]]
    fixed += ["a" * 300, "ab" * 200, "1" * 50, "!" * 60, "日" * 90, "é" * 70, "A" * 200, "Ab" * 100, " x" * 100]
    while len(fixed) < n:
        fixed.append("".join(piece(rng, names) for _ in range(rng.randint(1, 12))))
    return fixed[:n]


def broken(n, seed=2):
    """n byte strings, most of which are not UTF-8."""
    rng = random.Random(seed)
    bytes_of = lambda: bytes(rng.randrange(256) for _ in range(rng.randint(1, 8)))
    cut = lambda: piece(rng, ["x"]).encode("utf-8")[: rng.randint(1, 5)]
    return [b"".join(rng.choice([bytes_of, cut])() for _ in range(rng.randint(1, 6))) for _ in range(n)]
