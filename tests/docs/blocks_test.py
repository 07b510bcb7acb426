#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the code blocks of a document are what its programs say.

blocks_test.py DOCUMENT          fails, with a list, when a block and its source differ
blocks_test.py --write DOCUMENT  puts the sources' text into the blocks

A block's source stands in the line above it: <!-- from: PATH --> or <!-- from: PATH [REGION] -->, relative to the
project. A region of a file lies between lines that end in "[REGION]" and "[end]". Blocks of shell commands (sh) need no
source; all others do. Headers and files that the document names must exist.
"""

import os
import re
import sys
import textwrap

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BLOCK = re.compile(r"(?:<!-- from: (?P<path>\S+)(?: \[(?P<region>\w+)\])? -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
                   re.S | re.M)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def source_text(path, region):
    text = read(os.path.join(ROOT, path))
    if region:
        found = re.search(rf"^[^\n]*\[{region}\]\n(.*?)^[^\n]*\[end\]$", text, re.S | re.M)
        if not found:
            raise LookupError(f"{path} has no region [{region}]")
        text = textwrap.dedent(found.group(1))
    return text


def problems_of_blocks(document, text):
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        if not block["path"]:
            if block["language"] != "sh":
                yield f"{document}:{line}: a block without '<!-- from: PATH -->' above it; nothing keeps it true"
            continue
        try:
            if block["text"] != source_text(block["path"], block["region"]):
                yield (f"{document}:{line}: the block differs from {block['path']}; "
                       f"tests/docs/blocks_test.py --write {document} copies it")
        except (OSError, LookupError) as error:
            yield f"{document}:{line}: {error}"


def problems_of_names(document, text):
    folder = os.path.dirname(os.path.join(ROOT, document))
    for found in re.finditer(r"\]\(([^)#:]+)(?:#[^)]*)?\)", BLOCK.sub("", text)):
        if not os.path.exists(os.path.join(folder, found.group(1))):
            yield f"{document}: no file {found.group(1)}"
    for name in sorted(set(re.findall(r"\b(?:errand/)?((?:base|concurrency)/\w+\.h)\b", text))):
        if not os.path.exists(os.path.join(ROOT, "lib/errand", name)):
            yield f"{document}: no header {name}"


def written(text):
    def replace(block):
        if not block["path"]:
            return block.group(0)
        head = block.group(0)[:block.start("text") - block.start()]
        return head + source_text(block["path"], block["region"]) + "```"
    return BLOCK.sub(replace, text)


def main(arguments):
    write = arguments[:1] == ["--write"]
    for document in arguments[1:] if write else arguments:
        path = os.path.join(ROOT, document)
        text = read(path)
        if write:
            text = written(text)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        problems = [*problems_of_blocks(document, text), *problems_of_names(document, text)]
        print("\n".join(problems), end="\n" if problems else "")
        if problems or not BLOCK.search(text):
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
