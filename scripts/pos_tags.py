#!/usr/bin/env python3
"""Tags the words of English texts with their part of speech (Penn Treebank), for `msrnn eval memory --tags`.

usage: scripts/pos_tags.py [--tagger spacy|nltk] [--model NAME] -o FOLDER TEXT.txt...

Writes FOLDER/TEXT.tsv for each text, in the format of docs/word-tags.md. Runs of line ends get the tag \\n. Needs
spaCy with a model (en_core_web_sm, or --model), or NLTK with its data; without --tagger it takes spaCy if it is
installed.
"""

import argparse
import importlib.util
import os
import pathlib
import re
import sys
import tempfile

MOST_CHARACTERS = 50_000  # that spaCy gets at once
INSTALL = {
    "spacy": "python3 -m pip install spacy && python3 -m spacy download en_core_web_sm",
    "nltk": "python3 -m pip install nltk && python3 -m nltk.downloader punkt_tab averaged_perceptron_tagger_eng",
}
NAMES = {"spacy": "spaCy", "nltk": "NLTK"}
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def fail(message):
    sys.exit(f"pos_tags.py: {message}")


def passages(text):
    """(begin, passage): the text cut at empty lines, where no sentence goes on, into passages that are not long."""
    begin = end = 0
    for paragraph in re.finditer(r"(?s).+?(?:\n\s*\n|\Z)", text):
        if paragraph.end() - begin > MOST_CHARACTERS and end > begin:
            yield begin, text[begin:end]
            begin = end
        end = paragraph.end()
    if end > begin:
        yield begin, text[begin:end]


def spacy_tagger(model):
    """A function from a passage to (begin, end, tag) of its words, in characters."""
    import spacy

    try:
        nlp = spacy.load(model, exclude=["parser", "ner", "lemmatizer"])
    except OSError as error:
        fail(f"spaCy has no model '{model}' ({error}); python3 -m spacy download en_core_web_sm fetches one")
    if "tagger" not in nlp.pipe_names:
        fail(f"the spaCy model '{model}' has no tagger")

    def tag(passage):
        for token in nlp(passage):
            if not token.is_space:
                yield token.idx, token.idx + len(token), token.tag_

    return tag


def places(sentence, words):
    """Where words that a tokenizer made of a sentence are in it; None for those that it changed."""
    at = 0
    for word in words:
        forms = ['"', word] if word in ("``", "''") else [word]
        found = min(((sentence.find(form, at), len(form)) for form in forms if form in sentence[at:]), default=None)
        if found is not None:
            at = sum(found)
        yield found


def nltk_tagger(_):
    import nltk
    from nltk.tokenize import NLTKWordTokenizer

    try:
        sentences = nltk.tokenize.PunktTokenizer("english")
        nltk.pos_tag(["word"])
    except (LookupError, OSError):
        fail(f"NLTK lacks its data: {INSTALL['nltk'].split('&& ')[1]}")
    words_of = NLTKWordTokenizer().tokenize

    def tag(passage):
        for begin, end in sentences.span_tokenize(passage):
            words = words_of(passage[begin:end])
            for (_, tag), place in zip(nltk.pos_tag(words), places(passage[begin:end], words)):
                if place is not None:
                    yield begin + place[0], begin + sum(place), tag

    return tag


def line_ends(text, begin, end):
    """Runs of line ends between two words."""
    for run in re.compile(r"[\r\n]+").finditer(text, begin, end):
        yield run.start(), run.end(), "\\n"


def tagged_words(text, tag):
    """(begin, end, tag) in characters, line ends among them."""
    after = 0
    for offset, passage in passages(text):
        for begin, end, name in tag(passage):
            yield from line_ends(text, after, offset + begin)
            yield offset + begin, offset + end, name
            after = offset + end
    yield from line_ends(text, after, len(text))


def table(text, tag):
    lines = ["begin\tend\ttag\ttext\n"]
    character = byte = 0
    for begin, end, name in tagged_words(text, tag):
        word = text[begin:end]
        first = byte + len(text[character:begin].encode())
        character, byte = end, first + len(word.encode())
        lines.append(f"{first}\t{byte}\t{name}\t{word.translate(ESCAPES)}\n")
    return "".join(lines)


def choose(tagger):
    for name in [tagger] if tagger else NAMES:
        if importlib.util.find_spec(name) is not None:
            return name
    if tagger:
        fail(f"{NAMES[tagger]} is not installed: {INSTALL[tagger]}")
    fail(f"neither spaCy nor NLTK is installed: {INSTALL['spacy']}; or {INSTALL['nltk']}")


def read(path):
    try:
        return path.read_bytes().decode()
    except OSError as error:
        fail(f"{path}: cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        fail(f"{path}: is no UTF-8 text: byte {error.start} cannot be")


def write(path, content):
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        try:
            file.write(content.encode())
            file.close()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tagger", choices=NAMES)
    parser.add_argument("--model", default="en_core_web_sm", help="spaCy's model: a name, or its folder")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, metavar="FOLDER")
    parser.add_argument("texts", type=pathlib.Path, nargs="+", metavar="TEXT.txt")
    arguments = parser.parse_args()
    stems = [path.stem for path in arguments.texts]
    for stem in stems:
        if stems.count(stem) > 1:
            fail(f"two texts are named {stem}")
    texts = [read(path) for path in arguments.texts]
    tag = {"spacy": spacy_tagger, "nltk": nltk_tagger}[choose(arguments.tagger)](arguments.model)
    try:
        arguments.output.mkdir(parents=True, exist_ok=True)
        for stem, text in zip(stems, texts):
            print(f"tagging {stem}", file=sys.stderr)
            write(arguments.output / f"{stem}.tsv", table(text, tag))
    except OSError as error:
        fail(f"{arguments.output}: cannot be written: {error.strerror}")


if __name__ == "__main__":
    main()
