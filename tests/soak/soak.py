# SPDX-License-Identifier: Apache-2.0
"""Random plans, faults and signals against the real errand; scripts/soak calls this."""

import argparse
import ctypes
import dataclasses
import json
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from draw import draw
from judge import FATAL, judge

RUN_LIMIT = 60.0  # seconds: no plan takes longer on any machine that is alive
GONE_LIMIT = 15.0  # from a SIGKILL of errand until the last process is gone
OUTPUT_MAX = 1 << 16  # bytes of each stream that are kept
STREAM_EVERY = 100  # runs
STREAM_TASKS = 3000
PR_SET_CHILD_SUBREAPER = 36


@dataclasses.dataclass
class End:
    code: int
    signal: int
    out: bytes
    err: str


def children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]


def describe(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read().replace(b"\0", b" ").decode(errors="replace").strip()
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
        return f"{command or name} (pid {pid}, {rest.split()[0]})"
    except OSError:
        return f"pid {pid}"


def send(pid, number, group=False):
    try:
        (os.killpg if group else os.kill)(pid, number)
    except ProcessLookupError:
        pass


class Run:
    """One errand with its folder, its trouble and its readers."""

    def __init__(self, errand, draft, folder, generator):
        self.errand, self.draft, self.folder, self.random = errand, draft, folder, generator
        self.out, self.err = bytearray(), bytearray()
        self.findings = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self):
        with open(self.path("plan.json"), "w", encoding="utf-8") as file:
            json.dump(self.draft.plan, file, indent=1)
        open(self.path("log"), "w", encoding="ascii").close()
        os.mkfifo(self.path("held"))
        self.held = os.open(self.path("held"), os.O_RDONLY | os.O_NONBLOCK)
        env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LOG": self.path("log"), "HELD": self.path("held"),
               "TMPDIR": "/no/such/folder" if self.draft.trouble == "no TMPDIR" else self.folder}
        argv = [self.errand, "run", *self.draft.options, "--report", "events=" + self.path("events"), self.path("plan.json")]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=env, cwd=self.folder, process_group=0, preexec_fn=self.prepare)
        self.started = time.monotonic()

    def prepare(self):
        if self.draft.limit:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self.draft.limit, self.draft.limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    # ---- trouble, in steps (seconds from the start, what to do)

    def steps(self):
        pid, at, r = self.process.pid, self.draft.delay, self.random
        trouble = self.draft.trouble
        if self.draft.signals:
            return [(at + i * 0.05, lambda n=n: send(pid, n)) for i, n in enumerate(self.draft.signals)]
        if trouble == "killed":
            return [(at, lambda: send(pid, signal.SIGKILL))]
        if trouble == "its group killed":
            return [(at, lambda: send(pid, signal.SIGKILL, group=True))]
        if trouble == "crash":
            return [(at, lambda: send(pid, signal.SIGABRT))]
        if trouble == "stopped for a moment":
            return [(at, lambda: send(pid, signal.SIGSTOP)), (at + 0.1, lambda: send(pid, signal.SIGCONT))]
        if trouble == "Ctrl-Z":
            return [(at, lambda: send(pid, signal.SIGTSTP))] + [
                (at + 0.1 * i, lambda: send(pid, signal.SIGCONT)) for i in range(1, 40)]
        if trouble == "reader leaves":
            return [(at, self.process.stdout.close)]
        if trouble == "guardian killed":
            return [(at, self.kill_guardian)]
        if trouble == "a task killed":
            return [(at, lambda: self.kill_task(r.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])))]
        if trouble == "stray signals":
            return [(at + i * 0.02, lambda: send(pid, r.choice([signal.SIGCHLD, signal.SIGCONT, signal.SIGPIPE])))
                    for i in range(10)]
        return []

    def kill_guardian(self):
        for pid in self.children_of(self.process.pid):
            try:
                with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as file:
                    if file.read().strip() == "guardian":
                        send(pid, signal.SIGKILL)
            except OSError:
                pass

    def kill_task(self, number):
        pids = [pid for pid in self.children_of(self.process.pid) if os.path.exists(f"/proc/{pid}")]
        if pids:
            send(self.random.choice(pids), number)

    @staticmethod
    def children_of(pid):
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                return [int(child) for child in file.read().split()]
        except OSError:
            return []

    # ---- running

    def read(self, timeout):
        streams = [s for s in (self.process.stdout, self.process.stderr) if s and not s.closed]
        if self.draft.trouble == "slow reader" and time.monotonic() - self.started < 1.0:
            streams = []
        ready, _, _ = select.select(streams, [], [], timeout)
        for stream in ready:
            data = os.read(stream.fileno(), 1 << 16)
            kept = self.out if stream is self.process.stdout else self.err
            kept += data
            del kept[:-OUTPUT_MAX]
            if not data:
                stream.close()

    def run(self):
        self.start()
        steps = self.steps()
        pidfd = os.pidfd_open(self.process.pid)
        while not select.select([pidfd], [], [], 0)[0]:
            age = time.monotonic() - self.started
            if age > RUN_LIMIT:
                self.findings.append("errand does not end; processes: " + ", ".join(
                    describe(pid) for pid in [self.process.pid, *self.children_of(self.process.pid)]))
                send(self.process.pid, signal.SIGKILL)
                break
            while steps and steps[0][0] <= age:
                steps.pop(0)[1]()
            self.read(0.01 if steps else 0.05)
        os.close(pidfd)
        code = self.process.wait()
        left = children()
        self.wait_until_gone(left, killed=code in (-signal.SIGKILL, -signal.SIGABRT))
        return self.end(code)

    def wait_until_gone(self, left, killed):
        """Right after errand's own end nothing is left; after its violent death the guardian may need a moment."""
        if not killed and left:
            self.findings.append("left behind: " + ", ".join(describe(pid) for pid in left))
        until = time.monotonic() + GONE_LIMIT
        while children() and time.monotonic() < until:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    time.sleep(0.005)  # lint: sleeps: nothing tells of the end of other people's children
            except ChildProcessError:
                break
        survivors = children()
        if survivors:
            self.findings.append("survived: " + ", ".join(describe(pid) for pid in survivors))
        for pid in survivors:
            send(pid, signal.SIGKILL)
        try:
            while True:
                os.waitpid(-1, 0)
        except ChildProcessError:
            pass
        try:
            if os.read(self.held, 1) == b"":
                return
        except BlockingIOError:
            pass
        self.findings.append("somebody holds a task's file open")

    def end(self, code):
        for stream in (self.process.stdout, self.process.stderr):
            while stream and not stream.closed:
                self.read(0)
        os.close(self.held)
        return End(max(code, 0), max(-code, 0), bytes(self.out), self.err.decode(errors="replace"))

    def text(self, name):
        try:
            with open(self.path(name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""


class Stream:
    """Thousands of tasks through one errand, whose memory and descriptors must not grow."""

    def __init__(self, errand):
        self.errand, self.findings = errand, []

    @staticmethod
    def sample(pid):
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
        return pages * resource.getpagesize() // 1024, len(os.listdir(f"/proc/{pid}/fd"))

    def feed(self, process):
        try:
            for i in range(STREAM_TASKS):
                process.stdin.write(b'["true"]\n' if i % 7 else b'"head -c 20000 /dev/zero; true & wait"\n')
            process.stdin.close()
        except BrokenPipeError:
            pass

    def run(self):
        process = subprocess.Popen([self.errand, "run", "-q", "-j", "4", "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={"PATH": "/usr/bin:/bin"})
        feeder = threading.Thread(target=self.feed, args=(process,))
        feeder.start()
        samples = []
        while not select.select([process.stderr], [], [], 0.02)[0]:
            samples.append(self.sample(process.pid))
        err = process.stderr.read().decode(errors="replace")
        feeder.join()
        code = process.wait()
        if code != 0:
            self.findings.append(f"a stream of {STREAM_TASKS} tasks ends with {code}: {err[-300:]}")
        quarter = len(samples) // 4
        early, late = samples[quarter:2 * quarter], samples[3 * quarter:]
        if not early:
            return
        for i, what, more in ((0, "KiB of memory", 2048), (1, "descriptors", 8)):
            before, after = max(sample[i] for sample in early), max(sample[i] for sample in late)
            if after > before + more:
                self.findings.append(f"errand grows: {before} {what}, later {after}")


class Soak:
    def __init__(self, options):
        self.options = options
        self.seed = options.seed if options.seed is not None else int(time.time())
        self.runs, self.bad, self.troubles = 0, 0, {}

    def one(self, number, keep=False):
        generator = random.Random(f"{self.seed}:{number}")
        if number % STREAM_EVERY == STREAM_EVERY - 1:
            stream = Stream(self.options.errand)
            stream.run()
            return "stream", stream.findings
        draft = draw(generator)
        folder = tempfile.mkdtemp(prefix="errand-soak-")
        run = Run(self.options.errand, draft, folder, generator)
        end = run.run()
        findings = run.findings + judge(draft, end, run.text("log"), run.text("events"))
        if keep:
            print(f"{folder}: {' '.join(draft.options)}, {draft.trouble}, ended with {end.code} {end.signal}\n{end.err}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
        return draft.trouble, findings

    def tell(self, number, trouble, findings):
        self.bad += bool(findings)
        for finding in findings:
            print(f"run {number} ({trouble}): {finding}", flush=True)
        if findings:
            print(f"  again: scripts/soak --replay {self.seed} {number}", flush=True)

    def loop(self):
        until = time.monotonic() + self.options.minutes * 60
        said = time.monotonic()
        while time.monotonic() < until:
            trouble, findings = self.one(self.runs)
            self.troubles[trouble] = self.troubles.get(trouble, 0) + 1
            self.tell(self.runs, trouble, findings)
            self.runs += 1
            if time.monotonic() - said > 60:
                said = time.monotonic()
                print(f"soak: {self.runs} runs, {self.bad} with findings", file=sys.stderr, flush=True)

    def summary(self):
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.troubles.items(), key=lambda x: -x[1]))
        print(f"soak: seed {self.seed}, {self.runs} runs ({counts}), {self.bad} with findings")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--errand", required=True)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", type=int)
    options = parser.parse_args()
    options.errand = os.path.abspath(options.errand)
    # Whoever escapes from errand becomes our child.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    soak = Soak(options)
    if options.only is not None:
        trouble, findings = soak.one(options.only, keep=True)
        soak.tell(options.only, trouble, findings)
    else:
        try:
            soak.loop()
        except KeyboardInterrupt:
            pass
        soak.summary()
    sys.exit(1 if soak.bad else 0)


main()
