#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds task files against `errand check` and against the schema that `errand schema` prints.

schema_test.py ERRAND    fails, with a list, when the two disagree

Both must take the project's own task files, the examples, every task file in a YAML block of the documents and those in
tests/taskfile/good. Each file in tests/taskfile/bad has one mistake; its first lines say what errand says of it, and whether a
schema can know:
  # errand: 5:13: timeout: '5 minutes' is not a duration
  # schema: refuses       (or: cannot know)
"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import yaml
except ImportError as missing:
    sys.exit(f"{missing}; scripts/setup installs it")

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
LEVELS = ("runMap", "group", "singleTask", "matrixTask", "defaults")
NESTED = {  # a key, and a file with a key inside of it that is unlike all others
    "retry": "tasks: { a: { run: x, retry: { qqqqqqqq: 1 } } }",
    "hedge": "tasks: { a: { run: x, hedge: { qqqqqqqq: 1 } } }",
    "breaker": "breaker: { qqqqqqqq: 1 }\ntasks: { a: x }",
    "ready": "tasks: { a: { run: x, service: true, ready: { qqqqqqqq: 1 } } }",
    "allow_failure": "tasks: { a: { run: x, allow_failure: { qqqqqqqq: 1 } } }",
    "rlimit": "tasks: { a: { run: x, rlimit: { qqqqqqqq: 1 } } }",
}

# YAML 1.2's core schema, which errand reads; PyYAML knows 1.1, where `no` is false and 1:30 is 90.
CORE = [
    (re.compile(r"(null|Null|NULL|~|)$"), lambda text: None),
    (re.compile(r"(true|True|TRUE)$"), lambda text: True),
    (re.compile(r"(false|False|FALSE)$"), lambda text: False),
    (re.compile(r"[-+]?[0-9]+$"), int),
    (re.compile(r"0o[0-7]+$"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]+$"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"), float),
]


def scalar(node):
    if node.style is None:
        for pattern, convert in CORE:
            if pattern.match(node.value):
                return convert(node.value)
    return node.value


def value_of(node):
    if isinstance(node, yaml.ScalarNode):
        return scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [value_of(item) for item in node.value]
    merged, own = {}, {}
    for key, value in node.value:
        if key.value == "<<" and key.style is None:
            for each in reversed(value.value if isinstance(value, yaml.SequenceNode) else [value]):
                merged.update(value_of(each))
        else:
            own[key.value] = value_of(value)
    return {**merged, **own}


def load(text):
    return value_of(yaml.compose(text, Loader=yaml.BaseLoader))


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def relative(path):
    return os.path.relpath(path, ROOT)


class Checker:
    def __init__(self, errand):
        self.errand = errand
        self.folder = tempfile.mkdtemp()
        self.schema = json.loads(self.run("schema").stdout)
        jsonschema.Draft202012Validator.check_schema(self.schema)
        self.validator = jsonschema.Draft202012Validator(self.schema)
        self.line_validator = jsonschema.Draft202012Validator(
            {"$ref": "#/$defs/task", "$defs": self.schema["$defs"]})
        self.used = set()
        self.problems = []

    def run(self, *arguments, folder=None, text=None):
        return subprocess.run([self.errand, *arguments], cwd=folder or self.folder, input=text, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def fail(self, name, what):
        self.problems.append(f"{name}: {what}")

    def check_printed(self):
        if self.run("schema").stdout != read(os.path.join(ROOT, "schema/task-file.schema.json")):
            self.fail("errand schema", "prints something else than schema/task-file.schema.json")

    def why_not(self, value, validator):
        error = jsonschema.exceptions.best_match(validator.iter_errors(value))
        return error and f"{error.json_path}: {error.message[:300]}"

    def note_keys(self, value):
        if isinstance(value, dict):
            self.used.update(value)
            for each in value.values():
                self.note_keys(each)
        elif isinstance(value, list):
            for each in value:
                self.note_keys(each)

    def check_good(self, name, value, checked):
        self.note_keys(value)
        if checked.returncode != 0:
            self.fail(name, f"errand refuses it: {checked.stderr.strip()}")
        why = self.why_not(value, self.validator)
        if why:
            self.fail(name, f"the schema refuses it: {why}")

    def check_good_file(self, path):
        text = read(path)
        value = json.loads(text) if path.endswith(".json") else load(text)
        checked = self.run("check", os.path.basename(path), folder=os.path.dirname(path))
        self.check_good(relative(path), value, checked)

    def check_stream(self, path):
        checked = self.run("check", path)
        if checked.returncode != 0:
            self.fail(relative(path), f"errand refuses it: {checked.stderr.strip()}")
        for number, line in enumerate(read(path).splitlines(), 1):
            why = line.strip() and self.why_not(json.loads(line), self.line_validator)
            if why:
                self.fail(f"{relative(path)}:{number}", f"the schema refuses it: {why}")

    def check_blocks(self, path):
        text = read(path)
        count = 0
        for block in re.finditer(r"^( *)```ya?ml\n(.*?)^ *```$", text, re.S | re.M):
            value = load(block.group(2))
            if not (isinstance(value, list) or (isinstance(value, dict) and "tasks" in value)):
                continue
            count += 1
            line = text.count("\n", 0, block.start()) + 1
            self.check_good(f"{relative(path)}:{line}", value, self.run("check", "-", text=block.group(2)))
        return count

    def check_bad_file(self, path):
        text = read(path)
        marks = dict(re.findall(r"^# (errand|schema): (.*)$", text, re.M))
        if set(marks) != {"errand", "schema"} or marks["schema"] not in ("refuses", "cannot know"):
            return self.fail(relative(path), "needs '# errand: ...' and '# schema: refuses' or 'cannot know'")
        name = os.path.basename(path)
        checked = self.run("check", name, folder=os.path.dirname(path))
        said = checked.stderr.splitlines()
        if checked.returncode != 125 or len(said) != 1 or not said[0].startswith(f"{name}:{marks['errand']}"):
            self.fail(relative(path), f"errand says, with {checked.returncode}: {checked.stderr.strip()}")
        why = self.why_not(load(text), self.validator)
        if bool(why) != (marks["schema"] == "refuses"):
            self.fail(relative(path), f"the schema refuses it: {why}" if why else "the schema takes it")
        return None

    def check_nested_keys(self):
        for key, text in NESTED.items():
            names = set(self.schema["$defs"][key]["properties"])
            said = self.run("check", "-", text=text).stderr
            found = re.search(r'"qqqqqqqq"[^\n]*?(?:write|there are) ([\w, ]+)', said)
            known = set(re.split(r", | or ", found.group(1))) if found else said
            if known != names:
                self.fail(key, f"the schema has {sorted(names)}, errand says {known}")

    def check_all_used(self):
        known = set()
        for level in LEVELS:
            known |= set(self.schema["$defs"][level]["properties"])
        for key in NESTED:
            known |= set(self.schema["$defs"][key]["properties"])
        for key in sorted(known - self.used):
            self.fail(key, "stands in no file of tests/taskfile/good")


def files(pattern):
    found = sorted(glob.glob(os.path.join(ROOT, pattern)))
    if not found:
        sys.exit(f"no {pattern}")
    return found


def main(errand):
    checker = Checker(os.path.realpath(errand))
    checker.check_printed()
    for pattern in ("errand.yaml", "examples/*.yaml", "examples/*.json", "tests/taskfile/good/*.yaml"):
        for path in files(pattern):
            checker.check_good_file(path)
    for path in files("examples/*.jsonl"):
        checker.check_stream(path)
    blocks = sum(checker.check_blocks(path) for path in files("docs/*.md") + files("README.md"))
    bad = files("tests/taskfile/bad/*.yaml")
    for path in bad:
        checker.check_bad_file(path)
    checker.check_nested_keys()
    checker.check_all_used()
    os.rmdir(checker.folder)
    print("\n".join(checker.problems), end="\n" if checker.problems else "")
    print(f"{blocks} blocks of documents, {len(bad)} bad files, {len(checker.problems)} problems")
    return 1 if checker.problems or not blocks else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
