#!/usr/bin/env python3
"""Writes golden.json: what Jinja itself makes of many templates, set up as Hugging Face sets it up.

usage: make_golden.py [FOLDER OUTPUT]

Needs jinja2 (pip install jinja2). Run it in this folder after changing golden_cases.py or golden_chats.py. With FOLDER it
writes OUTPUT instead, from all *.jinja in the folder (llama.cpp's models/templates has those of many models); the tests
read it where MSRNN_JINJA_GOLDEN names it:
MSRNN_JINJA_GOLDEN=OUTPUT build/release/tests/jinja/jinja_test --gtest_filter=Golden.RendersAsJinja
"""

import datetime
import json
import pathlib
import sys

import jinja2
import jinja2.ext
import jinja2.sandbox

from golden_cases import CASES
from golden_chats import CHATS, VARIABLES

NOW = datetime.datetime(2024, 7, 26, 12, 34, 56)


class Generation(jinja2.ext.Extension):
    """{% generation %}: marks the assistant's text, prints as it is."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("_body")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    @staticmethod
    def _body(caller):
        return caller()


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def render(env, source, variables):
    try:
        return env.from_string(source).render(**variables)
    except Exception:
        return None


def chats_case(env, name, source):
    expected = {str(i): render(env, source, variables) for i, variables in enumerate(VARIABLES)}
    return {"name": name, "template": source, "expected": expected}


def write(path, cases):
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"variables":' + json.dumps(VARIABLES, ensure_ascii=False) + ',\n"cases":[\n')
        file.write(",\n".join(json.dumps(case, ensure_ascii=False) for case in cases))
        file.write("\n]}\n")


def main():
    env = environment()
    if len(sys.argv) == 3:
        files = sorted(pathlib.Path(sys.argv[1]).glob("*.jinja"))
        write(sys.argv[2], [chats_case(env, file.name, file.read_text(encoding="utf-8")) for file in files])
        return
    cases = []
    for name, source in CASES:
        cases.append({"name": name, "template": source, "expected": {"0": render(env, source, VARIABLES[0])}})
    cases += [chats_case(env, name, source) for name, source in CHATS]
    write("golden.json", cases)


if __name__ == "__main__":
    main()
