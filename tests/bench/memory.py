# SPDX-License-Identifier: Apache-2.0
"""What a task costs of errand's memory while it waits, while it runs, and once it has ended."""

import json
import os
import signal
import subprocess
import time

from measure import Failed, run_once
from peers import Call

ALIVE_SECONDS_MAX = 120


def write_plan(bench, name, count, program):
    path = os.path.join(bench.folder, name)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"version": 1, "tasks": [{"name": f"t{n}", "run": [program]} for n in range(count)]}, file)
    return path


def peak_kib(bench, *argv):
    command, peak_path = bench.peak_of(*argv)
    run_once(Call(command))
    with open(peak_path, encoding="utf-8") as file:
        return int(file.read())


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return len(file.read().split()) - 1  # one of them is the guardian


def status_kib(pid, field):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field))


def running(bench, path, count, jobs):
    """KiB with `jobs` of the file's tasks alive, and seconds from the signal to the end of all of them."""
    process = subprocess.Popen([bench.errand, "run", path, "-q", "-j", str(jobs)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + ALIVE_SECONDS_MAX
    while children(process.pid) < min(count, jobs):
        if time.monotonic() > until or process.poll() is not None:
            process.kill()
            process.wait()
            raise Failed(f"{jobs} tasks are not alive together")
        time.sleep(0.02)
    memory = status_kib(process.pid, "VmRSS")
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait()
    return memory, time.monotonic() - began


def measure(bench):
    few, many, alive = bench.size(1000), bench.size(100000), bench.size(5000)
    bench.say(f"memory of {many:,} waiting and finished tasks, and of {alive:,} running ones")
    bare, waits = bench.program("child_bare"), bench.program("child_wait")
    try:
        small, large = write_plan(bench, "few.json", few, bare), write_plan(bench, "many.json", many, bare)
        checked = peak_kib(bench, bench.errand, "check", large)
        waiting = (checked - peak_kib(bench, bench.errand, "check", small)) * 1024 / (many - few)
        ran = (peak_kib(bench, bench.errand, "run", large, "-q", "-j", "4") - checked) * 1024 / many
        path = write_plan(bench, "alive.json", alive, waits)
        one, _ = running(bench, path, alive, 1)
        all_of_them, seconds = running(bench, path, alive, alive)
        each = (all_of_them - one) * 1024 / (alive - 1)
        bare_seconds = float(subprocess.check_output([bench.program("stop_many"), str(alive), waits])) / 1000
    except Failed as failure:
        bench.table.add("memory", "", "", "", "", str(failure), "", "failed")
        return
    bench.table.add(f"{many:,} tasks of a file", "", "memory of each while it waits", f"{waiting:,.0f} B", "", "", "", "")
    bench.table.add(f"{many:,} tasks of a file", 4, "more for each once all have run", f"{max(ran, 0):,.0f} B", "", "", "", "")
    bench.table.add(f"{alive:,} running tasks", alive, "memory of each", f"{each:,.0f} B", "", "", "≤ 8192 B",
                    "yes" if each <= 8192 else "missed")
    milliseconds, bare_milliseconds = (of * 1000 / (alive / 1000) for of in (seconds, bare_seconds))
    bench.table.add(f"{alive:,} running tasks", alive, "from SIGTERM to the end of all, per 1,000; kill and wait in C",
                    f"{milliseconds:,.0f} ms", f"{bare_milliseconds:,.0f} ms", f"{bare_seconds / seconds:.2f}",
                    "≤ 100 ms", "yes" if milliseconds <= 100 else "missed")
