#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the reports of real runs against their schemas, and against what `errand report` makes of the same runs later.

reports_test.py ERRAND    fails, with a list, when a report is not what its schema says, or two of them differ

Reports of a run are compared byte by byte with those made of its journal, and of its event log.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError as missing:
    sys.exit(f"{missing}; scripts/setup installs it")

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
KINDS = ("json", "junit", "html", "markdown", "trace", "events")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

RUNS = {  # a task file, errand's options and its exit status
    "success": ("tasks: { a: echo one, g: { tasks: { b: 'true' } } }", [], 0),
    "nothing": ("tasks: { a: echo one }", ["--skip", "*"], 0),
    "errgroup": ("tasks: { a: exit 3, b: sleep 1000, c: { needs: [a], run: x } }", [], 3),
    "every end": (r"""
name: "every \"end\" & <more> | `x`"
mode: aggregate
secrets: [TOKEN]
env: { TOKEN: hunter2 }
tasks:
  ok: "printf 'a\\033[31mb\\033[0m \\377\\000\\001 ]]> <c> & hunter2\\n'"
  failed: echo why; exit 3
  signal: kill -SEGV $$
  missing: [no-such-program]
  timeout: { run: sleep 1000, timeout: 100ms }
  allowed: { run: exit 1, allow_failure: true }
  flaky: { run: '[ $ERRAND_ATTEMPT = 3 ]', retry: { count: 3, delay: 1ms } }
  worn: { run: 'exit $ERRAND_ATTEMPT', retry: { count: 2, delay: 1ms } }
  hedged: { run: '[ $ERRAND_ATTEMPT = 2 ] || sleep 1000', hedge: { delay: 10ms, max_attempts: 2 } }
  excluded: { run: 'true', if: "env.NO == 'yes'" }
  twin: { run: 'true', key: one }
  twin2: { run: 'true', key: one }
  db: { run: 'echo up; exec sleep 1000', service: true, ready: { log: up } }
  user: { run: 'true', needs: [db] }
  long: seq 1 200000
  group:
    timeout: 100ms
    tasks: { inner: { tasks: { leaf: sleep 1000 } }, "we/ird \"name\" <&>": { run: 'true' } }
  race: { mode: race, tasks: { winner: 'true', loser: { run: exit 9, needs: { winner: { condition: started } } } } }
  after: { needs: [failed], run: x }
""".replace('we/ird', 'weird'), ["-j", "4"], 1),
    "timeout": ("tasks: { a: 'true', b: sleep 1000, c: { needs: [b], run: x } }", ["--timeout", "300ms"], 124),
    "stream": ('{"name": "a", "run": "echo one"}\n{"name": "a", "run": "exit 2"}\n{"run": "true"}\n', ["-k", "-"], 1),
}


class Checks:
    def __init__(self, errand, folder):
        self.errand = errand
        self.folder = folder
        self.problems = []
        report, event = load("report.schema.json"), load("event.schema.json")
        event["definitions"] |= report["definitions"]
        self.validators = {"report": validator(report), "event": validator(event)}

    def problem(self, what):
        self.problems.append(what)

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": self.folder, "TRACEPARENT": TRACE, "NO": "no"}

    def call(self, *arguments, stdin=None):
        return subprocess.run([self.errand, *arguments], cwd=self.folder, input=stdin, capture_output=True,
                              env=self.environment(), check=False)

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def run(self, name, file, options, wanted):
        stdin = None
        if options[-1:] == ["-"]:
            stdin = file.encode()
        else:
            with open(os.path.join(self.folder, "errand.yaml"), "w", encoding="utf-8") as out:
                out.write(file)
        reports = [word for kind in KINDS for word in ("--report", f"{kind}=run.{kind}")]
        ended = self.call("run", *reports, *options, stdin=stdin)
        if ended.returncode != wanted:
            self.problem(f"{name}: exit {ended.returncode}, not {wanted}: {ended.stderr.decode()}")
        self.look_at(name, "run")
        self.compare(name)

    def compare(self, name):
        for kind in KINDS:
            again = self.call("report", "--format", kind)
            if again.returncode != 0:
                self.problem(f"{name}: errand report --format {kind}: {again.stderr.decode()}")
            if kind != "events" and again.stdout != self.read("run." + kind):
                self.problem(f"{name}: {kind} is another one when it is made of the journal")
            log = self.call("report", "--format", kind, "run.events")
            if kind != "html" and log.stdout != self.read("run." + kind):  # an event log has no output beside it
                self.problem(f"{name}: {kind} is another one when it is made of the event log")
        text = self.call("report").stdout.decode()
        if " in " not in text and "nothing to run" not in text:
            self.problem(f"{name}: the text has no summary: {text}")

    def look_at(self, name, stem):
        """The reports of one run, each by itself."""
        report = json.loads(self.read(stem + ".json"))
        for error in self.validators["report"].iter_errors(report):
            self.problem(f"{name}: json: {list(error.absolute_path)}: {error.message}")
        for number, line in enumerate(self.read(stem + ".events").decode().splitlines(), 1):
            for error in self.validators["event"].iter_errors(json.loads(line)):
                self.problem(f"{name}: events:{number}: {list(error.absolute_path)}: {error.message}")
        self.look_at_junit(name, stem)
        self.look_at_trace(name, json.loads(self.read(stem + ".trace")), report)
        for kind in KINDS:
            if b"hunter2" in self.read(f"{stem}.{kind}"):
                self.problem(f"{name}: {kind} has a secret in it")
        if self.read(stem + ".html").count(b"</script>") != 2:
            self.problem(f"{name}: html: its data ends its script")

    def look_at_junit(self, name, stem):
        schema = os.path.join(ROOT, "tests/report/formats/junit.xsd")
        path = os.path.join(self.folder, stem + ".junit")
        checked = subprocess.run(["xmllint", "--noout", "--schema", schema, path], capture_output=True, text=True, check=False)
        if checked.returncode != 0:
            self.problem(f"{name}: junit: {checked.stderr}")

    def look_at_trace(self, name, trace, report):
        attempts = [one for task in report["tasks"] for one in task["attempts"]]
        events = trace["traceEvents"]
        drawn = [event for event in events if event["ph"] == "X"]
        if len(drawn) != len(attempts):
            self.problem(f"{name}: trace: {len(drawn)} attempts, not {len(attempts)}")
        spans = sorted(event["args"]["span_id"] for event in drawn)
        if spans != sorted(one["span_id"] for one in attempts) or len(set(spans)) != len(spans):
            self.problem(f"{name}: trace: spans are {spans}")
        lanes = {event["tid"] for event in events if event["ph"] == "M" and event["name"] == "thread_name"}
        if not {event["tid"] for event in drawn} <= lanes:
            self.problem(f"{name}: trace: a lane without a name")
        by_lane = sorted((event["tid"], event["ts"], event["ts"] + event["dur"]) for event in drawn)
        for before, after in zip(by_lane, by_lane[1:]):
            if before[0] == after[0] and after[1] < before[2]:
                self.problem(f"{name}: trace: two attempts at one time in lane {before[0]}")
        if trace["otherData"]["trace_id"] != TRACE.split("-")[1]:
            self.problem(f"{name}: trace: not the trace it is in")

    def cut_logs(self):
        """A log that ends anywhere gives whole reports that say so."""
        lines = self.read("run.events").splitlines(keepends=True)
        for count in range(1, len(lines)):
            self.cut(b"".join(lines[:count]), f"{count} lines")
            self.cut(b"".join(lines[:count]) + lines[count][:20], f"{count} lines and a half")
        self.cut(b"".join(lines[:4]) + b"rubbish\n" + b"".join(lines[4:]), "a damaged line")

    def cut(self, log, what):
        with open(os.path.join(self.folder, "cut.log"), "wb") as file:
            file.write(log)
        for kind in ("json", "junit", "markdown", "trace", "html", "text"):
            made = self.call("report", "--format", kind, "-o", "cut." + kind, "cut.log")
            if made.returncode != 0 or b"has no end" not in made.stderr:
                self.problem(f"cut after {what}: {kind}: exit {made.returncode}: {made.stderr.decode()}")
        shutil.copy(os.path.join(self.folder, "cut.log"), os.path.join(self.folder, "cut.events"))
        report = json.loads(self.read("cut.json"))
        for error in self.validators["report"].iter_errors(report):
            self.problem(f"cut after {what}: json: {list(error.absolute_path)}: {error.message}")
        if report["run"]["status"] is not None:
            self.problem(f"cut after {what}: the run is {report['run']['status']}")
        self.look_at_junit(f"cut after {what}", "cut")

    def killed(self):
        """What a killed errand leaves is told as far as it came."""
        with open(os.path.join(self.folder, "errand.yaml"), "w", encoding="utf-8") as out:
            out.write("tasks: { a: echo one, b: { needs: [a], run: 'echo ready >pipe; exec sleep 1000' } }")
        os.mkfifo(os.path.join(self.folder, "pipe"))
        process = subprocess.Popen([self.errand, "run", "--report", "events=killed.events"], cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment())
        with open(os.path.join(self.folder, "pipe"), encoding="utf-8") as pipe:
            pipe.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        report = json.loads(self.call("report", "--format", "json", "killed.events").stdout)
        states = {task["name"]: task["status"] for task in report["tasks"]}
        if states != {"a": "succeeded", "b": None}:
            self.problem(f"killed: {states}")


def load(name):
    """References from one schema to the other become its own: validators of different age find files differently."""
    with open(os.path.join(ROOT, "schema", name), encoding="utf-8") as file:
        return json.loads(file.read().replace("report.schema.json#/", "#/"))


def validator(schema):
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def main(arguments):
    if not shutil.which("xmllint"):
        sys.exit("xmllint is not here; scripts/setup installs it")
    with tempfile.TemporaryDirectory(prefix="errand-reports-") as folder:
        checks = Checks(os.path.abspath(arguments[0]), folder)
        for name, (file, options, wanted) in RUNS.items():
            checks.run(name, file, options, wanted)
        checks.run("for cuts", RUNS["errgroup"][0], [], 3)
        checks.cut_logs()
        checks.killed()
    print("\n".join(checks.problems), end="\n" if checks.problems else "")
    return 1 if checks.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
