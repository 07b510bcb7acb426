# SPDX-License-Identifier: Apache-2.0
"""The same work for errand and each of its peers: how each is called, and the files it reads."""

import json
import os
import shutil

JOBS_TOOLS = {"xargs": "xargs", "make": "make", "ninja": "ninja", "parallel": "parallel"}


class Call:
    """A command line and where its standard input comes from."""

    def __init__(self, argv, stdin=os.devnull, tasks=1):
        self.argv, self.stdin, self.tasks = argv, stdin, tasks


class Work:
    """COUNT tasks, each a program with its arguments or a shell script that may use its number as {}."""

    def __init__(self, folder, programs, errand, count, argv=None, script=None):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.programs, self.errand = folder, programs, errand
        self.count, self.argv, self.script = count, argv, script

    def path(self, name):
        return os.path.join(self.folder, name)

    def program(self, name):
        return os.path.join(self.programs, name)

    def scripts(self):
        return (self.script.replace("{}", str(number)) for number in range(self.count))

    def write(self, name, lines):
        path = self.path(name)
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(lines)
        return path

    # ---- errand and the tools

    def errand_call(self, jobs, *options):
        if self.argv:
            tasks = [{"name": f"t{number}", "run": self.argv} for number in range(self.count)]
        else:
            tasks = [{"name": f"t{number}", "run": script} for number, script in enumerate(self.scripts())]
        path = self.write("tasks.json", [json.dumps({"version": 1, "tasks": tasks})])
        return Call([self.errand, "run", path, "-j", str(jobs), *options], tasks=self.count)

    def xargs_call(self, jobs):
        if self.argv:
            path = self.write("numbers", (f"{number}\n" for number in range(self.count)))
            # -I gives each program its own arguments and nothing more.
            return Call(["xargs", "-P", str(jobs), "-I{}", *self.argv], path, self.count)
        path = self.write("scripts", (script + "\n" for script in self.scripts()))
        return Call(["xargs", "-d", "\\n", "-n", "1", "-P", str(jobs), "sh", "-c"], path, self.count)

    def make_call(self, jobs, *options):
        lines = self.scripts() if self.script else (" ".join(self.argv) for _ in range(self.count))
        recipes = (f"t{number}:\n\t@{line.replace('$', '$$')}\n" for number, line in enumerate(lines))
        all_of_them = "all: " + " ".join(f"t{number}" for number in range(self.count)) + "\n"
        path = self.write("Makefile", [".SUFFIXES:\nMAKEFLAGS += -r\n", all_of_them, *recipes])
        return Call(["make", "-s", "-f", path, "-j", str(jobs), *options], tasks=self.count)

    def ninja_call(self, jobs):
        lines = self.scripts() if self.script else (" ".join(self.argv) for _ in range(self.count))
        text = ["rule run\n command = $line\n"]
        text += (f"build t{number}: run\n line = {line.replace('$', '$$')}\n" for number, line in enumerate(lines))
        path = self.write("build.ninja", text)
        return Call(["ninja", "-f", path, "-C", self.folder, "-j", str(jobs)], tasks=self.count)

    def parallel_call(self, jobs):
        # Some hundred tasks a second: a part of the work is enough to know its rate.
        count = max(1, min(self.count, 1000))
        lines = self.scripts() if self.script else (" ".join(self.argv) for _ in range(self.count))
        path = self.write("lines", [line + "\n" for line in lines][:count])
        return Call(["parallel", "--will-cite", "-j", str(jobs)], path, count)

    # ---- bare spawners, which capture nothing

    def spawner_call(self, jobs, name, *options):
        return Call([self.program(name), *options, str(jobs), str(self.count), *self.argv], tasks=self.count)

    def contenders(self, jobs):
        """Name → call, or None where the peer is not installed."""
        calls = {"errand": self.errand_call(jobs)}
        if self.argv:
            calls["posix_spawn loop"] = self.spawner_call(jobs, "spawn_posix")
            calls["clone loop"] = self.spawner_call(jobs, "spawn_clone")
            calls["clone loop, two pipes"] = self.spawner_call(jobs, "spawn_clone", "--pipes")
        for name in JOBS_TOOLS:
            call = getattr(self, name + "_call")(jobs) if shutil.which(JOBS_TOOLS[name]) else None
            calls[{"xargs": "xargs -P", "make": "make -j", "parallel": "GNU parallel"}.get(name, name)] = call
        return calls
