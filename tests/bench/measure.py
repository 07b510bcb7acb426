# SPDX-License-Identifier: Apache-2.0
"""Runs commands, interleaved, and compares them by the medians of their ratios."""

import statistics
import subprocess
import time


class Failed(Exception):
    pass


def run_once(call, stdout=subprocess.DEVNULL):
    """Seconds of one run, which must succeed."""
    with open(call.stdin, "rb") as stdin:
        started = time.monotonic()
        process = subprocess.Popen(call.argv, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, env=call.env)
        process.wait()
        seconds = time.monotonic() - started
    if process.returncode != 0:
        raise Failed(f"{' '.join(call.argv[:4])} … ended with {process.returncode}")
    return seconds


def run_into(call, drain):
    """Seconds until the reader of its output has read it all, and the bytes read."""
    started = time.monotonic()
    reader = subprocess.Popen([drain], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    run_once(call, stdout=reader.stdin)
    reader.stdin.close()
    size = int(reader.stdout.read())
    reader.wait()
    return time.monotonic() - started, size


def rounds_of(calls, rounds, run):
    """Name → a list of tasks per second, one for each round; A B C, then C B A, so that a drift hits all alike.

    A call that fails has the reason instead of the list, one that is None "not installed".
    """
    rates = {name: [] if call else "not installed" for name, call in calls.items()}
    order = [name for name, call in calls.items() if call]
    for number in range(rounds):
        for name in order if number % 2 == 0 else reversed(order):
            if isinstance(rates[name], str):
                continue
            try:
                rates[name].append(calls[name].tasks / run(calls[name]))
            except Failed as failure:
                rates[name] = str(failure)
    return rates


def ratio(ours, theirs):
    """The median over the rounds of how many times as fast we are."""
    return statistics.median(our / their for our, their in zip(ours, theirs))


class Table:
    """The lines of a Markdown table. A line without a target, or whose peer cannot run, reaches and misses nothing."""

    HEAD = ["work", "-j", "against", "errand", "peer", "ratio", "target", "reached"]

    def __init__(self):
        self.rows, self.missed = [], 0

    def add(self, work, jobs, against, ours, theirs, value, target, reached):
        self.rows.append([work, str(jobs), against, ours, theirs, value, target, reached])
        self.missed += reached in ("missed", "failed")

    def add_rates(self, work, jobs, rates, targets, unit="/s"):
        """One line for each peer, with errand's rate, its own and the ratio of the two."""
        ours = rates["errand"]
        for name, theirs in rates.items():
            if name == "errand":
                continue
            least = targets.get(name)
            target = f"≥ {least:g}" if least else ""
            if isinstance(ours, str) or isinstance(theirs, str):
                problem = ours if isinstance(ours, str) else theirs
                self.add(work, jobs, name, "", "", problem, target, "failed" if isinstance(ours, str) and target else "")
                continue
            value = ratio(ours, theirs)
            reached = "" if not least else "yes" if value >= least else "missed"
            self.add(work, jobs, name, f"{statistics.median(ours):,.0f}{unit}", f"{statistics.median(theirs):,.0f}{unit}",
                     f"{value:.2f}", target, reached)

    def text(self):
        widths = [max(len(row[column]) for row in [self.HEAD, *self.rows]) for column in range(len(self.HEAD))]
        lines = [self.HEAD, ["-" * width for width in widths], *self.rows]
        return "\n".join("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines)
