# SPDX-License-Identifier: Apache-2.0
"""errand against its peers, side by side in one run; scripts/bench calls this.

The ratios are the result: the machine's own speed, and whoever else uses it, cancel out in them. Each child is used in
two forms, for on some machines starting a C library costs more than all that a runner adds.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import memory
import scaling
from measure import Failed, Table, rounds_of, run_into, run_once
from peers import Call, Work

SEED_SCRIPT = 'i={}; test $((i * 2)) -ge "$i" || exit 1'


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder, self.table, self.curves = options, folder, Table(), {}
        self.errand, self.programs = os.path.abspath(options.errand), os.path.abspath(options.programs)

    def size(self, full):
        return max(1, full // 20) if self.options.quick else full

    def program(self, name):
        return os.path.join(self.programs, name)

    def peak_of(self, *argv):
        """The command line that leaves its peak memory in a file, and that file."""
        path = os.path.join(self.folder, "peak")
        return [self.program("peak"), path, *argv], path

    def work(self, name, count, **what):
        return Work(os.path.join(self.folder, name), self.programs, self.errand, count, **what)

    def say(self, text):
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def compare(self, title, name, count, jobs_list, targets, **what):
        work = self.work(name, self.size(count), **what)
        title = f"{work.count:,} × {title}"
        for jobs in jobs_list:
            self.say(f"{title}, -j {jobs}")
            rates = rounds_of(work.contenders(jobs), self.options.rounds, run_once)
            self.table.add_rates(title, jobs, rates, targets)

    # ---- the rows

    def row_a(self):
        """tiny static C tasks, output captured"""
        targets = {"posix_spawn loop": 1.0, "clone loop": 0.9, "xargs -P": 1.3, "make -j": 1.3, "GNU parallel": 10}
        self.compare("static true", "a", 10000, [2, 4, 8, 64], targets, argv=[self.program("child_true")])

    def row_b(self):
        """the same with a bare assembly child"""
        self.compare("bare exit", "b", 10000, [2, 4, 8, 64], {"clone loop, two pipes": 0.85},
                     argv=[self.program("child_bare")])

    def row_c(self):
        """shell one-liners"""
        self.compare("shell line", "c", 2000, [2, 4], {"make -j": 1.0, "ninja": 1.0, "xargs -P": 1.0},
                     script=SEED_SCRIPT)

    def row_d(self):
        """one task from start to exit, and --version"""
        self.say("one task, and --version")
        count = self.size(400)
        one = self.work("d", 1, argv=[self.program("child_true")]).errand_call(1)

        def repeated(*argv):
            return Call([self.program("spawn_posix"), "1", str(count), *argv], tasks=count)

        calls = {"errand": repeated(*one.argv), "xargs": repeated("/usr/bin/xargs", self.program("child_true"))}
        self.table.add_rates("one task, start to exit", 1, rounds_of(calls, self.options.rounds, run_once),
                             {"xargs": 1.0})
        calls = {"errand": repeated(self.errand, "--version"), "static C program": repeated(self.program("child_version"))}
        self.table.add_rates("--version", 1, rounds_of(calls, self.options.rounds, run_once),
                             {"static C program": 0.5})

    def row_e(self):
        """64 tasks of 4 MB of output each, grouped by task"""
        jobs, size = 4, 4 << 20
        work = self.work("e", 8 if self.options.quick else 64, argv=[self.program("child_noisy"), str(size)])
        title = f"{work.count} × 4 MB, grouped"
        self.say(title)
        calls = {
            "errand": work.errand_call(jobs, "-o", "group"),
            "xargs -P, written straight through": work.xargs_call(jobs),
            "make -O": work.make_call(jobs, "-O") if shutil.which("make") else None,
            "ninja": work.ninja_call(jobs) if shutil.which("ninja") else None,
            "GNU parallel": work.parallel_call(jobs) if shutil.which("parallel") else None,
        }

        def run(call):
            seconds, got = run_into(call, self.program("drain"))
            if got < call.tasks * size:
                raise Failed(f"lost output: {got:,} of {call.tasks * size:,} bytes")
            return seconds

        rates = rounds_of(calls, self.options.rounds, run)
        megabytes = {name: value if isinstance(value, str) else [rate * size / 1e6 for rate in value]
                     for name, value in rates.items()}
        self.table.add_rates(title, jobs, megabytes, {
            "xargs -P, written straight through": 0.67, "make -O": 1.0, "ninja": 1.0, "GNU parallel": 1.0}, unit=" MB/s")

    def row_f(self):
        """tasks as JSON Lines: memory, and whether they start before the input ends"""
        peaks = {}
        for count in (self.size(100000), self.size(1000000)):
            self.say(f"{count:,} tasks as JSON Lines")
            try:
                peaks[count], early, rate = self.stream(count)
            except Failed as failure:
                self.table.add("JSON Lines", 4, "", "", "", str(failure), "≤ 16 MB", "failed")
                return
            reached = "yes" if peaks[count] <= 16 * 1024 else "missed"
            self.table.add(f"{count:,} tasks as JSON Lines", 4, "peak memory", f"{peaks[count] / 1024:.1f} MB", "",
                           f"{rate:,.0f}/s", "≤ 16 MB", reached)
        self.table.add("JSON Lines", 4, "first task before the input ends", "yes" if early else "no", "", "", "yes",
                       "yes" if early else "missed")

    def stream(self, count):
        """Peak KiB, whether the first task ran while input was still to come, tasks per second."""
        marker = os.path.join(self.folder, f"started-{count}")
        started, early = threading.Event(), []
        os.mkfifo(marker)

        def wait_for_first():
            with open(marker, "rb") as file:
                file.read()
            started.set()

        line = json.dumps({"run": [self.program("child_bare")]}) + "\n"
        first = json.dumps({"run": f": > {marker}"}) + "\n"
        argv, peak_path = self.peak_of(self.errand, "run", "-", "-j", "4")
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        threading.Thread(target=wait_for_first, daemon=True).start()
        began = time.monotonic()

        def feed():
            try:
                process.stdin.write(first.encode())
                process.stdin.flush()
                early.append(started.wait(10))
                block = (line * 1000).encode()
                for _ in range(count // 1000):
                    process.stdin.write(block)
                process.stdin.close()
            except BrokenPipeError:
                pass

        feeder = threading.Thread(target=feed)
        feeder.start()
        process.wait()
        seconds = time.monotonic() - began
        feeder.join()
        if process.returncode != 0:
            raise Failed(f"errand run - ended with {process.returncode}")
        return read_number(peak_path), early == [True], count / seconds

    def row_g(self):
        """large task files with needs: reading, checking, scheduling"""
        count = self.size(100000)
        tasks = {f"task-{number}": {"run": [self.program("child_bare"), f"argument {number}"],
                                    "needs": [f"task-{n}" for n in (number // 2, number // 3) if 0 < n < number]}
                 for number in range(1, count + 1)}
        json_path, yaml_path = os.path.join(self.folder, "g.json"), os.path.join(self.folder, "g.yaml")
        with open(json_path, "w", encoding="utf-8") as file:
            json.dump({"version": 1, "tasks": tasks}, file, indent=1)
        with open(yaml_path, "w", encoding="utf-8") as file:
            file.write("version: 1\ntasks:\n")
            for name, task in tasks.items():
                file.write(f"  {name}:\n    run: [\"{task['run'][0]}\", \"{task['run'][1]}\"]\n")
                file.write(f"    needs: [{', '.join(task['needs'])}]\n")
        for path, most in ((yaml_path, 1.0), (json_path, 0.5)):
            self.say(f"check of {count:,} tasks, {os.path.basename(path)}")
            title = f"check of {count:,} tasks with needs, {os.path.splitext(path)[1][1:].upper()}"
            try:
                argv, peak_path = self.peak_of(self.errand, "check", path)
                seconds = statistics.median(run_once(Call(argv)) for _ in range(self.options.rounds))
                peak = read_number(peak_path)
            except Failed as failure:
                self.table.add(title, "", "", "", "", str(failure), f"≤ {most:g} s", "failed")
                continue
            self.table.add(title, "", "time; peak memory", f"{seconds:.2f} s; {peak / 1024:.0f} MB", "", "",
                           f"≤ {most:g} s", "yes" if seconds <= most else "missed")
        self.scheduling(json_path, count)

    def scheduling(self, path, count):
        """A task of a large plan must not cost more than one of a plan a tenth as large."""
        self.say(f"run of {count:,} tasks with needs")
        title, jobs, tenth = f"run of {count:,} tasks with needs", 4, count // 10
        small = os.path.join(self.folder, "g-small.json")
        with open(path, encoding="utf-8") as file:
            tasks = json.load(file)["tasks"]
        with open(small, "w", encoding="utf-8") as file:
            json.dump({"version": 1, "tasks": {f"task-{n}": tasks[f"task-{n}"] for n in range(1, tenth + 1)}}, file)
        calls = {"errand": Call([self.errand, "run", path, "-j", str(jobs)], tasks=count),
                 f"errand, {tenth:,} tasks": Call([self.errand, "run", small, "-j", str(jobs)], tasks=tenth)}
        rates = rounds_of(calls, min(3, self.options.rounds), run_once)
        self.table.add_rates(title, jobs, rates, {f"errand, {tenth:,} tasks": 0.8})


    def row_h(self):
        """memory of waiting, running and finished tasks"""
        memory.measure(self)

    def row_i(self):
        """cost per task from 1,000 tasks to 1,000,000, with needs, groups, locks and retries"""
        self.curves = scaling.measure(self)


ROWS = {name[-1]: getattr(Bench, name) for name in dir(Bench) if name.startswith("row_")}


def read_number(path):
    with open(path, encoding="utf-8") as file:
        return int(file.read())


def first_line(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return (done.stdout.splitlines() or [""])[0]
    except OSError:
        return ""


def surroundings(errand):
    """What one must know of the machine and the versions to judge the numbers."""
    cpu = ""
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            found = re.search(r"model name\s*:\s*(.*)", file.read())
            cpu = found.group(1) if found else platform.machine()
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "") if hasattr(platform, "freedesktop_os_release") else ""
    commit = first_line("git", "rev-parse", "--short", "HEAD") + ("+changes" if first_line("git", "status", "--porcelain", "-uno") else "")
    versions = [first_line(errand, "--version"), first_line("xargs", "--version"), first_line("make", "--version"),
                "ninja " + first_line("ninja", "--version"), first_line("parallel", "--version")]
    return [f"Date: {datetime.date.today()}. Commit: {commit}.",
            f"Machine: {len(os.sched_getaffinity(0))} × {cpu}, Linux {platform.release().split('-')[0]}, {system}.",
            "Versions: " + "; ".join(version for version in versions if version and "not found" not in version) + "."]


def write_results(path, lines):
    """Puts the lines between the two marks of the page, whose other words stay."""
    begin, end = "<!-- results -->", "<!-- end of results -->"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + after)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures errand against its peers, in one run.",
                                     epilog="rows: " + "; ".join(f"{key} {row.__doc__}" for key, row in ROWS.items()))
    parser.add_argument("--quick", action="store_true", help="a twentieth of the work, one round: does it run at all?")
    parser.add_argument("--rows", default=",".join(ROWS), help="letters of the rows, with commas (all)")
    parser.add_argument("--rounds", type=int, help="rounds of each comparison (5)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--errand", default="build/release/errand", help=argparse.SUPPRESS)
    parser.add_argument("--programs", default="build/bench", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 5)
    rows = options.rows.split(",")
    unknown = [row for row in rows if row not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]}; there are {', '.join(ROWS)}")

    with tempfile.TemporaryDirectory(prefix="errand-bench-") as folder:
        bench = Bench(options, folder)
        for row in rows:
            ROWS[row](bench)
    lines = surroundings(options.errand)
    lines += ["", "All work at a twentieth of its size, in one round: not a measurement."] if options.quick else []
    lines += ["", bench.table.text(), ""]
    targets = sum(1 for row in bench.table.rows if row[-1])
    lines.append(f"{targets - bench.table.missed} of {targets} targets reached. errand and peer are medians over "
                 f"{options.rounds} rounds, ratio is the median of the rounds' ratios: above 1, errand is faster.")
    if bench.curves:
        lines += ["", "Microseconds for each attempt, in small and large plans:", "",
                  "![Microseconds for each attempt, from 1,000 to 1,000,000 of them](benchmarks-scaling.svg)"]
    print("\n".join(lines))
    if options.write:
        write_results("docs/benchmarks.md", lines)
        if bench.curves:
            scaling.plot("docs/benchmarks-scaling.svg", bench.curves)
    return 0


if __name__ == "__main__":
    sys.exit(main())
