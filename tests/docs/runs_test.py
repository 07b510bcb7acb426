#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the examples of documents with errand, as a reader would.

runs_test.py ERRAND DOCUMENT...    fails, with a list, when an example does not do what stands there

Each section (from one heading to the next) has a scratch folder of its own, in which its blocks are worked off in order.
The language of a block says what it is:

  yaml     a task file. It becomes errand.yaml, or the name in its first line (# ci.yaml), must pass `errand check`, and is
           run with exit status 0.
  console  commands after "$ " and what they print. Each is run and compared; "in 12ms" matches any duration, a run's
           folder any other, a line of "…" any lines. A command that fails must be followed by "$ echo $?".
  yml, sh, mermaid and the like    something for other programs, or for later; it is not run.

A line of its own above a block says more:

  <!-- run: exit 3, -k -->    the task file is run with these options and ends so
  <!-- checked, not run -->   the task file is only checked
  <!-- fragment -->           a part of a task file, for the eye
  <!-- file: NAME -->         the block becomes this file
  <!-- programs: npm cc -->   anywhere in a section: these print their name and arguments there, and succeed
  <!-- setup: COMMANDS -->    anywhere in a section: run there by sh
"""

import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PARTS = re.compile(
    r"^(?P<heading>#+ [^\n]*)\n"
    r"|^<!-- programs: (?P<programs>[^\n]*?) -->\n"
    r"|^<!-- setup: (?P<setup>[^\n]*?) -->\n"
    r"|^(?:<!-- (?P<mark>[^\n]*?) -->\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.S | re.M)
DURATION = re.compile(r"\b(in|after) \d[\d.]*(?:us|ms|s|m)(?:\d+s)?\b")
RUN_FOLDER = re.compile(r"\S+/errand/runs/[\w-]+/")
PATIENCE_SECONDS = 120


class Section:
    """A scratch folder, and what a shell in it would remember."""

    def __init__(self, errand):
        self.errand = errand
        self.folder = tempfile.TemporaryDirectory(prefix="errand-docs-")
        self.status = 0
        self.put_program("errand", f'exec "{errand}" "$@"')

    def put(self, name, text):
        path = os.path.join(self.folder.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def put_program(self, name, script):
        os.chmod(self.put(f".programs/{name}", f"#!/bin/sh\n{script}\n"), 0o755)

    def shell(self, command):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("ERRAND_", "MAKE")) and name not in ("CI", "FORCE_COLOR")}
        environment |= {"XDG_STATE_HOME": f"{self.folder.name}/.state"}
        environment |= {"PATH": f"{self.folder.name}/.programs:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["sh", "-c", f"(exit {self.status}); {command}"], cwd=self.folder.name, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=PATIENCE_SECONDS, check=False)
        self.status = done.returncode if done.returncode >= 0 else 128 - done.returncode
        return done.stdout


def without_chance(text):
    return RUN_FOLDER.sub("RUNS/ID/", DURATION.sub(r"\1 TIME", text))


def matches(expected, printed):
    pattern = "".join("(?:.*\n)*" if line.strip() == "…" else re.escape(line) + "\n"
                      for line in without_chance(expected).splitlines())
    return re.fullmatch(pattern, without_chance(printed))


def problems_of_task_file(section, mark, text):
    named = re.match(r"# (\S+\.ya?ml)\n", text)
    name = named.group(1) if named else "errand.yaml"
    section.put(name, text)
    printed = section.shell(f"errand check {name}")
    if section.status != 0:
        yield f"errand check says: {printed.strip()}"
        return
    if mark in ("checked, not run", "fragment"):
        return
    wanted, _, options = mark.removeprefix("run: ").partition(", ")
    printed = section.shell(f"errand run {options} {name}")
    if f"exit {section.status}" != wanted:
        yield f"it ends with exit {section.status}, not {wanted}:\n{printed}"


def problems_of_session(section, text):
    if not text.startswith("$ "):
        yield "a console block begins with '$ '"
    for step in re.findall(r"^\$ .*\n(?:(?!\$ ).*\n)*", text, flags=re.M):
        command, _, expected = step.partition("\n")
        if section.status != 0 and command != "$ echo $?":
            yield f"the command before {command!r} ends with {section.status}, and nothing says so"
        printed = section.shell(command.removeprefix("$ "))
        if printed and not printed.endswith("\n"):
            printed += "\n"
        if not matches(expected, printed):
            yield f"{command} prints:\n{printed}"
    if section.status != 0:
        yield f"the last command ends with {section.status}, and nothing says so"
        section.status = 0


def problems_of_block(section, mark, language, text):
    named = re.fullmatch(r"file: (\S+)", mark)
    if named:
        section.put(named.group(1), text)
    elif language == "yaml" and mark != "fragment":
        yield from problems_of_task_file(section, mark or "run: exit 0", text)
        section.status = 0
    elif language == "console":
        yield from problems_of_session(section, text)
    elif language == "":
        yield "a block without a language; nobody knows what it is"


def problems_of(errand, document):
    """Yields (line, problem); the second value is None for each block that was worked off."""
    with open(os.path.join(ROOT, document), encoding="utf-8") as file:
        text = file.read()
    section = Section(errand)
    for part in PARTS.finditer(text):
        line = text.count("\n", 0, part.start("text") if part["text"] else part.start()) + 1
        if part["heading"]:
            section = Section(errand)
        elif part["programs"]:
            for name in part["programs"].split():
                section.put_program(name, f'echo {name} "$@"')
        elif part["setup"]:
            printed = section.shell(part["setup"])
            if section.status != 0:
                yield line, f"the setup fails: {printed}"
                section.status = 0
        else:
            yield line, None
            for problem in problems_of_block(section, part["mark"] or "", part["language"], part["text"]):
                yield line, problem


def main(errand, documents):
    blocks, problems = 0, 0
    for document in documents:
        for line, problem in problems_of(os.path.realpath(errand), document):
            blocks += problem is None
            if problem is not None:
                problems += 1
                print(f"{document}:{line}: {problem}")
    print(f"{blocks} blocks, {problems} problems")
    return 1 if problems or not blocks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
