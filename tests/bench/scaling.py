# SPDX-License-Identifier: Apache-2.0
"""The cost of one task in plans of a thousand and of a million, and the plot of it."""

import json
import math
import os
import statistics

from measure import Failed, run_once
from peers import Call

# A million of each kind would take an hour: it is the plain kind that shows whether anything grows.
SIZES = {"plain": [1000, 10000, 100000, 1000000]}
OTHER_SIZES = [1000, 10000, 100000]
ROUNDS_MAX = 3
COLORS = {"plain": "#1f77b4", "needs": "#d62728", "groups": "#2ca02c", "locks": "#9467bd", "retries": "#ff7f0e"}


def tasks_of(kind, count, bare, fails):
    if kind == "groups":
        return {f"g{n}": {"tasks": {f"t{m}": {"run": [bare]} for m in range(10)}} for n in range(count // 10)}
    if kind == "retries":  # two attempts each
        return {f"t{n}": {"run": [fails], "retry": {"count": 1, "delay": "0s"}, "allow_failure": True} for n in range(count // 2)}
    tasks = {}
    for number in range(1, count + 1):
        task = tasks[f"t{number}"] = {"run": [bare]}
        if kind == "needs":
            task["needs"] = sorted({f"t{n}" for n in (number // 2, number // 3) if n > 0})
        if kind == "locks":
            task["locks"] = [f"lock{number % 16}"]
    return tasks


def write_plan(bench, kind, count):
    path = os.path.join(bench.folder, f"scaling-{kind}-{count}.json")
    document = {"version": 1, "tasks": tasks_of(kind, count, bench.program("child_bare"), bench.program("child_fail"))}
    if kind == "locks":
        document["limits"] = {f"lock{n}": 1 for n in range(16)}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)
    return path


def measure(bench):
    """Kind → [(attempts, microseconds for each)]."""
    curves = {}
    for kind in COLORS:
        points = []
        for full in SIZES.get(kind, OTHER_SIZES):
            count = bench.size(full)
            bench.say(f"{count:,} tasks, {kind}")
            path = write_plan(bench, kind, count)
            call = Call([bench.errand, "run", path, "-q", "-j", "4"])
            try:
                rounds = 1 if full > 100000 else min(ROUNDS_MAX, bench.options.rounds)
                seconds = statistics.median(run_once(call) for _ in range(rounds))
            except Failed as failure:
                bench.table.add(f"{count:,} tasks, {kind}", 4, "", "", "", str(failure), "", "failed")
                break
            finally:
                os.unlink(path)
            points.append((count, seconds * 1e6 / count))
        if len(points) > 1:
            curves[kind] = points
            (few, first), (many, last) = points[0], points[-1]
            bench.table.add(f"{many:,} attempts, {kind}", 4, f"errand, {few:,} of them", f"{1e6 / last:,.0f}/s", f"{1e6 / first:,.0f}/s",
                            f"{first / last:.2f}", "≥ 0.8", "yes" if first / last >= 0.8 else "missed")
    return curves


def plot(path, curves):
    """A drawing of the curves: attempts from left to right, each ten times as many; microseconds upwards from zero."""
    width, height, left, bottom, top, right = 720, 360, 60, 50, 20, 110
    least = min(points[0][0] for points in curves.values())
    most = max(points[-1][0] for points in curves.values())
    highest = max(value for points in curves.values() for _, value in points)
    step = 10 ** math.floor(math.log10(highest))
    ceiling = math.ceil(highest / step) * step

    def x_of(count):
        return left + (width - left - right) * math.log(count / least) / math.log(most / least)

    def y_of(value):
        return height - bottom - (height - bottom - top) * value / ceiling

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" font-size="12">', f'<rect width="{width}" height="{height}" fill="white"/>']
    for tick in range(0, 5):
        value = ceiling * tick / 4
        parts.append(f'<line x1="{left}" y1="{y_of(value):.1f}" x2="{width - right}" y2="{y_of(value):.1f}" stroke="#ddd"/>'
                     f'<text x="{left - 6}" y="{y_of(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    for count in sorted({count for points in curves.values() for count, _ in points}):
        parts.append(f'<text x="{x_of(count):.1f}" y="{height - bottom + 18}" text-anchor="middle">{count:,}</text>')
    parts.append(f'<text x="{(left + width - right) / 2}" y="{height - 10}" text-anchor="middle">attempts in one run, -j 4</text>'
                 f'<text x="14" y="{height / 2}" text-anchor="middle" transform="rotate(-90 14 {height / 2})">µs each</text>')
    for number, (kind, points) in enumerate(curves.items()):
        line = " ".join(f"{x_of(count):.1f},{y_of(value):.1f}" for count, value in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{COLORS[kind]}" stroke-width="2"/>')
        parts += [f'<circle cx="{x_of(count):.1f}" cy="{y_of(value):.1f}" r="3" fill="{COLORS[kind]}"/>' for count, value in points]
        parts.append(f'<text x="{width - right + 14}" y="{top + 16 + 18 * number}" fill="{COLORS[kind]}">{kind}</text>')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([*parts, "</svg>"]) + "\n")
