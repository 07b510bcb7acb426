# SPDX-License-Identifier: Apache-2.0
"""Instructions that errand executes for fixed works, against recorded ones; scripts/budget calls this.

Times differ from machine to machine and from minute to minute; the number of instructions does not. valgrind counts
those of errand alone: neither the kernel's nor the tasks'. Nothing of the work depends on where it runs: environment,
folder and arguments have the same size everywhere.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

BUDGETS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "budgets.json")
# What the order of events makes of it: up to 1.6 % were seen on a machine with twice as much to do as it can. A work
# that is over is counted again before it fails.
TOLERANCE = 0.03
# In what pieces output arrives is a matter of time, and on a machine with other work another one.
TOLERANCE_OF_OUTPUT = 0.15
COUNTS = 3
# Another compiler or C library makes other instructions of the same program.
TOLERANCE_ELSEWHERE = 0.3


def plan(count, extra):
    """Tasks that each need two earlier ones, so that reading, checking and scheduling all have something to do."""
    tasks = {}
    for number in range(1, count + 1):
        tasks[f"task-{number}"] = {"run": ["./child_bare", f"argument {number}"], **extra(number)}
        needs = sorted({f"task-{n}" for n in (number // 2, number // 3) if n > 0})
        if needs:
            tasks[f"task-{number}"]["needs"] = needs
    return {"version": 1, "limits": {f"lock-{n}": 1 for n in range(4)}, "tasks": tasks}


def no_extra(_):
    return {}


def policies(number):
    """A lock that four share, and a policy that costs only where it is asked."""
    return {"locks": [f"lock-{number % 4}"], "retry": {"count": 2}}


def yaml_text(document):
    lines = ["version: 1", f"limits: {json.dumps(document['limits'])}", "tasks:"]
    for name, task in document["tasks"].items():
        lines += [f"  {name}:", f"    run: [{', '.join(json.dumps(word) for word in task['run'])}]"]
        if "needs" in task:
            lines.append(f"    needs: [{', '.join(task['needs'])}]")
    return "\n".join(lines) + "\n"


def write(name, text):
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)


def prepare():
    """The files of all works, into the current folder."""
    write("one.json", json.dumps({"version": 1, "tasks": {"one": {"run": ["./child_bare"]}}}))
    write("flat.json", json.dumps({"version": 1, "tasks": [{"name": f"t{n}", "run": ["./child_bare"]} for n in range(200)]}))
    write("plan.json", json.dumps(plan(2000, no_extra), indent=1))
    write("plan.yaml", yaml_text(plan(2000, no_extra)))
    write("policies.json", json.dumps(plan(200, policies)))
    groups = {f"group-{n}": {"jobs": 2, "tasks": {f"t{m}": "./child_bare" for m in range(10)}} for n in range(20)}
    write("groups.json", json.dumps({"version": 1, "tasks": groups}))
    write("lines.jsonl", "".join(json.dumps({"run": ["./child_bare"]}) + "\n" for _ in range(200)))
    noisy = [{"name": f"t{n}", "run": ["./child_noisy", str(1 << 20)]} for n in range(16)]
    # Less than a pipe holds: in what pieces more than that arrives is a matter of time.
    lines = [{"name": f"t{n}", "run": ["./child_noisy", "60000"]} for n in range(256)]
    write("lines.json", json.dumps({"version": 1, "tasks": lines}))
    write("noisy.json", json.dumps({"version": 1, "tasks": noisy}))


WORKS = {
    "version": ["--version"],
    "one task": ["run", "one.json"],
    "check of 2,000 tasks, JSON": ["check", "plan.json"],
    "check of 2,000 tasks, YAML": ["check", "plan.yaml"],
    "run of 200 tasks": ["run", "flat.json", "-j", "4"],
    "run of 200 tasks, quiet": ["run", "flat.json", "-j", "4", "-q", "-o", "quiet"],
    "run of 200 tasks with needs, locks and retries": ["run", "policies.json", "-j", "4"],
    "run of 20 groups of 10 tasks": ["run", "groups.json", "-j", "4"],
    "run of 200 tasks as JSON Lines": ["run", "lines.jsonl", "-j", "4"],
    "exec of 200 commands": ["exec", "-j", "4", "./child_bare {}", ":::", *(str(n) for n in range(200))],
    "16 MiB of output, grouped": ["run", "noisy.json", "-j", "4", "-o", "group"],
    "256 × 60 KB of output, live": ["run", "lines.json", "-j", "4", "-o", "live"],
}


def count(errand, arguments):
    home = os.path.join(os.getcwd(), "home")  # for the journal; how many old ones there are must not matter
    shutil.rmtree(home, ignore_errors=True)
    os.mkdir(home)
    environment = {"PATH": "/usr/bin:/bin", "HOME": home, "LC_ALL": "C"}
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", errand, *arguments]
    # All output is read, by a process that is not counted.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env=environment, text=True)
    output = process.communicate()[0]
    found = re.search(rf"^=={process.pid}== Collected : (\d+)$", output, re.MULTILINE)
    if process.returncode != 0 or not found:
        sys.exit(f"budget: errand {' '.join(arguments[:3])} failed:\n" + output[-3000:])
    return int(found.group(1))


def least_over(errand, arguments, most):
    """The least of up to COUNTS counts, the first one that is not over `most`."""
    counts = []
    while len(counts) < COUNTS and (not counts or min(counts) > most):
        counts.append(count(errand, arguments))
    return min(counts)


def surroundings(errand):
    """What the instructions depend on beside errand's own text."""
    version = subprocess.run([errand, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    compiler = re.search(r"^compiler: (.*)$", version, re.MULTILINE).group(1)
    libc = " ".join(os.confstr("CS_GNU_LIBC_VERSION").split())
    return f"{compiler}, {libc}, {os.uname().machine}"


def compare(work, counted, recorded, tolerance):
    """A line about one work, and whether it passes."""
    if recorded is None:
        return f"{work}: {counted:,} instructions, none recorded; scripts/budget --update does that", False
    change = counted / recorded - 1
    line = f"{work}: {counted:,} instructions, recorded {recorded:,}, {change:+.1%}"
    if change > tolerance:
        return f"{line}: over the tolerance of {tolerance:.0%}", False
    if change < -tolerance:
        line += ": better; scripts/budget --update keeps it so"
    return line, True


def main():
    parser = argparse.ArgumentParser(prog="scripts/budget", description="Counts errand's instructions for fixed works.",
                                     epilog="works: " + "; ".join(WORKS))
    parser.add_argument("works", nargs="*", metavar="WORK", help="some of the works (all)")
    parser.add_argument("--update", action="store_true", help="record what is counted")
    parser.add_argument("--errand", default="build/release/errand", help=argparse.SUPPRESS)
    parser.add_argument("--programs", default="build/bench", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [work for work in options.works if work not in WORKS]
    if unknown:
        parser.error(f"no work {unknown[0]!r}; there are: {', '.join(WORKS)}")

    errand, programs = os.path.abspath(options.errand), os.path.abspath(options.programs)
    with open(BUDGETS, encoding="utf-8") as file:
        budgets = json.load(file)
    here = surroundings(errand)
    elsewhere = budgets["recorded with"] != here
    if elsewhere and not options.update:
        print(f"budget: recorded with {budgets['recorded with']}; here is {here}, so {TOLERANCE_ELSEWHERE:.0%} are tolerated")
    passed = True
    with tempfile.TemporaryDirectory(prefix="errand-budget-", dir="/tmp") as folder:
        os.chdir(folder)
        for name in ("child_bare", "child_noisy"):
            os.symlink(os.path.join(programs, name), name)
        os.symlink(errand, "errand")  # a path of the same length everywhere
        prepare()
        for work in options.works or WORKS:
            recorded = budgets["instructions"].get(work)
            tolerance = TOLERANCE_ELSEWHERE if elsewhere else TOLERANCE_OF_OUTPUT if " of output" in work else TOLERANCE
            if options.update:
                counted = statistics.median_low(count("./errand", WORKS[work]) for _ in range(COUNTS))
                budgets["instructions"][work] = counted
            else:
                counted = least_over("./errand", WORKS[work], (recorded or 0) * (1 + tolerance))
            line, good = compare(work, counted, recorded, tolerance)
            print("budget: " + line, flush=True)
            passed = passed and good
    if not options.update:
        return 0 if passed else 1
    budgets["recorded with"] = here
    budgets["instructions"] = {work: budgets["instructions"][work] for work in WORKS if work in budgets["instructions"]}
    with open(BUDGETS, "w", encoding="utf-8") as file:
        file.write(json.dumps(budgets, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
