#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the micro benchmarks and their Go counterparts in turn and prints one Markdown table.

Each row is measured in every round by all sides, in an order that alternates; the median of the rounds counts.
"""

import argparse
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PAGE = os.path.join(ROOT, "docs", "benchmarks-library.md")
BEGIN, END = "<!-- results -->", "<!-- end of results -->"
TARGETS = {  # row: (what to compare, most)
    "child of 1000": ("ratio to bare Asio", 1.3),
    "child of 1000000": ("ratio to bare Asio", 1.3),
    "cancel 10000 descendants": ("ns", 10e6),
}


def output_of(command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout


def measure_errand(program, seconds):
    """row -> (ns, allocations); rows of bare Asio end in '/bare'."""
    text = output_of([program, f"--benchmark_min_time={seconds}", "--benchmark_format=json"], stderr=subprocess.DEVNULL)
    rows = {}
    for entry in json.loads(text)["benchmarks"]:
        assert entry["time_unit"] == "ns", entry
        name = re.sub(r"(/\d+|/manual_time)+$", "", entry["name"])
        rows[name] = (entry["real_time"], entry["allocs"])
    return rows


def measure_go(program, seconds):
    text = output_of([program, "-test.bench=.", "-test.benchmem", f"-test.benchtime={seconds}s", "-test.cpu=1"])
    rows = {}
    for found in re.finditer(r"^BenchmarkRow/(\S+)\s+\d+\s+([\d.]+) ns/op.*?(\d+) allocs/op", text, re.M):
        name = found.group(1).replace("_", " ").replace("after func", "after_func")
        children = re.match(r"child of (\d+)$", name)  # one operation of Go is the whole group
        share = int(children.group(1)) if children else 1
        rows[name] = (float(found.group(2)) / share, float(found.group(3)) / share)
    return rows


def medians(rounds):
    return {row: tuple(statistics.median(one[row][i] for one in rounds) for i in (0, 1)) for row in rounds[0]}


def time_text(ns):
    if ns is None:
        return "–"
    if ns >= 1e6:
        return f"{ns / 1e6:.2f} ms"
    if ns >= 1e4:
        return f"{ns / 1e3:.0f} µs"
    return f"{ns:,.0f} ns" if ns >= 100 else f"{ns:.1f} ns"


def count_text(count):
    if count is None:
        return "–"
    return f"{count:,.0f}" if count >= 100 else f"{count:.1f}".replace(".0", "")


def ratio_text(a, b):
    return f"{a / b:.2f}" if a is not None and b else "–"


def table(errand, go):
    lines = ["| row | errand | bare Asio | ratio | Go | ratio | allocations: errand | bare Asio | Go |",
             "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for row in (name for name in errand if not name.endswith("/bare")):
        ns, allocations = errand[row]
        bare_ns, bare_allocations = errand.get(row + "/bare", (None, None))
        go_ns, go_allocations = go.get(row, (None, None))
        name = re.sub(r"(\d)(?=(\d{3})+(?!\d))", r"\1,", row)
        lines.append(f"| {name} | {time_text(ns)} | {time_text(bare_ns)} | {ratio_text(ns, bare_ns)} | "
                     f"{time_text(go_ns)} | {ratio_text(ns, go_ns)} | {count_text(allocations)} | "
                     f"{count_text(bare_allocations)} | {count_text(go_allocations)} |")
    return lines


def verdicts(errand):
    lines = []
    for row, (what, most) in TARGETS.items():
        if what == "ns":
            value, shown = errand[row][0], f"{time_text(errand[row][0])} of at most {time_text(most)}"
        else:
            value = errand[row][0] / errand[row + "/bare"][0]
            shown = f"{value:.2f} × bare Asio of at most {most}"
        lines.append(f"- {row}: {shown}: {'met' if value <= most else '**missed**'}")
        if what != "ns":
            extra = errand[row][1] - errand[row + "/bare"][1]
            lines.append(f"- {row}: {extra:.2f} allocations beyond bare Asio of at most 1: "
                         f"{'met' if extra <= 1 else '**missed**'}")
    return lines


def first_line(command):
    try:
        return output_of(command).splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def circumstances(arguments):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        cpu = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())
    asio = first_line(["dpkg-query", "-W", "-f=${Version}", "libasio-dev"])
    commit = first_line(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"])
    go = first_line(["go", "version"]).removeprefix("go version ") if arguments.go else "not measured"
    sync = first_line(["dpkg-query", "-W", "-f=${Version}", "golang-golang-x-sync-dev"]) if arguments.go else "-"
    return [f"{datetime.date.today()}, commit {commit}; {os.cpu_count()} × {cpu}, Linux {platform.release().split('-')[0]}, load "
            f"{os.getloadavg()[0]:.1f} at the start; {first_line(['clang++-19', '--version'])}, Asio {asio}; {go}, x/sync {sync}; "
            f"median of {arguments.rounds} rounds, {arguments.seconds} s a row."]


def write(lines):
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(head + BEGIN + "\n\n" + "\n".join(lines) + "\n\n" + END + tail)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errand", required=True, help="the micro_benchmarks program")
    parser.add_argument("--go", help="the Go test program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.2, help="for each row of a round")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks-library.md")
    arguments = parser.parse_args()

    intro = circumstances(arguments)
    sides = {"errand": lambda: measure_errand(arguments.errand, arguments.seconds)}
    if arguments.go:
        sides["go"] = lambda: measure_go(arguments.go, arguments.seconds)
    rounds = {side: [] for side in sides}
    for number in range(arguments.rounds):
        print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
        for side in sorted(sides, reverse=number % 2 == 1):
            rounds[side].append(sides[side]())
    errand = medians(rounds["errand"])
    go = medians(rounds["go"]) if arguments.go else {}
    lines = intro + [""] + table(errand, go) + [""] + verdicts(errand)
    print("\n".join(lines))
    if arguments.write:
        write(lines)


if __name__ == "__main__":
    main()
