# SPDX-License-Identifier: Apache-2.0
"""The same work for errand and each of its peers: how each is called, and the files it reads."""

import glob
import json
import os
import shutil

JOBS_TOOLS = {"xargs": "xargs", "make": "make", "ninja": "ninja", "parallel": "parallel", "moreutils": "parallel.moreutils",
              "just": "just", "concurrently": "concurrently", "turbo": "turbo"}
TITLES = {"xargs": "xargs -P", "make": "make -j", "parallel": "GNU parallel", "moreutils": "moreutils parallel",
          "just": "just, [parallel]"}
# Where npm has put a program itself; what it puts on PATH is a script that starts node to start the program.
NPM_PROGRAMS = {"just": "rust-just-*/bin/just", "turbo": "@turbo/*/bin/turbo",
                "concurrently": "concurrently/dist/bin/concurrently.js"}


def tool(name):
    """The path of a peer's program; None where it is not installed."""
    folder = os.path.join("build", "bench", "npm", "node_modules")
    found = glob.glob(os.path.join(folder, NPM_PROGRAMS[name])) if name in NPM_PROGRAMS else []
    return os.path.abspath(found[0]) if found else shutil.which(JOBS_TOOLS[name])


class Call:
    """A command line and where its standard input comes from."""

    def __init__(self, argv, stdin=os.devnull, tasks=1, env=None):
        self.argv, self.stdin, self.tasks = argv, stdin, tasks
        self.env = {**os.environ, **env} if env else None


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
        count = max(1, min(self.count, 50 + self.count // 10))
        lines = self.scripts() if self.script else (" ".join(self.argv) for _ in range(self.count))
        path = self.write("lines", [line + "\n" for line in lines][:count])
        return Call(["parallel", "--will-cite", "-j", str(jobs)], path, count)

    def moreutils_call(self, jobs):
        if self.argv:
            words = [*self.argv, "--", *(str(number) for number in range(self.count))]
        else:
            words = ["sh", "-c", "--", *self.scripts()]
        return Call([tool("moreutils"), "-j", str(jobs), *words], tasks=self.count)

    def just_call(self, _):
        # It has no limit on how many run at once.
        count = min(self.count, 200)
        lines = list(self.scripts() if self.script else (" ".join(self.argv) for _ in range(self.count)))[:count]
        recipes = (f"t{number}:\n    @{line}\n" for number, line in enumerate(lines))
        path = self.write("justfile", ["[parallel]\nall: " + " ".join(f"t{number}" for number in range(count)) + "\n", *recipes])
        return Call([tool("just"), "-f", path, "-q", "all"], tasks=count)

    def concurrently_call(self, jobs):
        count = min(self.count, 100)
        lines = list(self.scripts() if self.script else (" ".join(self.argv) for _ in range(self.count)))[:count]
        return Call(["node", tool("concurrently"), "-m", str(jobs), "--raw", *lines], tasks=count)

    def turbo_call(self, jobs):
        # A package for each task; it starts each through npm.
        count = min(self.count, 20)
        lines = list(self.scripts() if self.script else (" ".join(self.argv) for _ in range(self.count)))[:count]
        folder = self.path("turbo")
        for number, line in enumerate(lines):
            package = os.path.join(folder, "packages", f"p{number}")
            os.makedirs(package, exist_ok=True)
            self.write_json(os.path.join(package, "package.json"), {"name": f"p{number}", "version": "1.0.0", "scripts": {"t": line}})
        self.write_json(os.path.join(folder, "package.json"), {"name": "root", "private": True, "packageManager": "npm@10.0.0",
                                                               "workspaces": ["packages/*"]})
        self.write_json(os.path.join(folder, "turbo.json"), {"tasks": {"t": {"cache": False}}})
        return Call([tool("turbo"), "run", "t", f"--concurrency={jobs}", "--no-daemon", "--cwd", folder], tasks=count,
                    env={"TURBO_TELEMETRY_DISABLED": "1"})

    @staticmethod
    def write_json(path, document):
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)

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
            if name in NPM_PROGRAMS and self.argv:
                continue  # all they run is a line for a shell
            calls[TITLES.get(name, name)] = getattr(self, name + "_call")(jobs) if tool(name) else None
        return calls
