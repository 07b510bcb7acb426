# SPDX-License-Identifier: Apache-2.0
"""Random plans, and what is to happen to errand while it runs one.

Every task writes to $LOG: "start TASK ATTEMPT PID" first, and "end TASK ATTEMPT CODE" before it exits by itself. It
holds $HELD open, as does everything that it starts.
"""

import dataclasses
import signal

BEGIN = 'echo "start $ERRAND_TASK $ERRAND_ATTEMPT $$" >>"$LOG"; exec 8>"$HELD"; '
LONG = 1000  # seconds: ends only when somebody ends it


def ending(code):
    return f'; echo "end $ERRAND_TASK $ERRAND_ATTEMPT {code}" >>"$LOG"; exit {code}'


@dataclasses.dataclass
class Task:
    name: str  # the full one
    kind: str
    code: int | None = None  # what it exits with when nobody stops it; None: it does not end by itself
    needs: tuple = ()  # full names


@dataclasses.dataclass
class Draft:
    """One run: the file, the command line, and the trouble."""
    plan: dict
    tasks: dict  # of Task, by full name
    options: list
    trouble: str
    delay: float  # seconds from errand's start to the trouble
    signals: tuple = ()
    limit: int | None = None  # of descriptors


class Drawer:
    def __init__(self, random):
        self.random, self.tasks = random, {}

    def short(self):
        return round(self.random.uniform(0.0, 0.3), 3)

    def kinds(self):
        r = self.random
        quick = f"sleep {self.short()}"
        code = r.choice([0, 0, 0, 1, 2, 77])
        return [
            # weight, kind, script, exit code
            (10, "quick", "true", 0),
            (8, "waits", quick, 0),
            (4, "fails", quick, r.choice([1, 2, 3, 80])),
            (2, "deaf", "trap '' TERM INT HUP; " + quick, code),
            (2, "deaf for long", f"trap '' TERM INT HUP; sleep {LONG}", None),
            (2, "long", f"sleep {LONG}", None),
            (2, "cleans up", f"trap 'sleep {self.short()}; exit 9' TERM INT HUP; sleep 0.2; sleep 0.2", code),
            (3, "forks", f"sleep {self.short()} & sleep {self.short()} & wait", code),
            (2, "leaves", f"sleep {LONG} & {quick}", code),
            (2, "leaves silently", f"sleep {LONG} >/dev/null 2>&1 & {quick}", code),
            (2, "escapes", f"setsid sleep {LONG} & {quick}", code),
            (2, "escapes twice", f"(setsid sh -c '(sleep {LONG}) &'); {quick}", code),
            (1, "daemon", f"(setsid sh -c 'sleep {LONG} &' </dev/null >/dev/null 2>&1); {quick}", code),
            (1, "forks wildly", f"i=0; while [ $i -lt 30 ]; do sleep {LONG} & i=$((i+1)); done; {quick}", code),
            (3, "noisy", f"head -c {r.randrange(1, 3_000_000)} /dev/zero; {quick}", code),
            (2, "noisy on both", "head -c 200000 /dev/zero; head -c 200000 /dev/zero >&2", code),
            (2, "closes its output", f"exec >&- 2>&-; {quick}", code),
            (1, "stops itself", "kill -STOP $$", None),
            (1, "crashes", "kill -SEGV $$", None),
            (1, "kills its group", "kill -TERM 0", None),
            (1, "missing", None, None),
        ]

    def task(self, path, siblings):
        r = self.random
        kinds = self.kinds()
        _, kind, script, code = r.choices(kinds, [k[0] for k in kinds])[0]
        body = {}
        if kind == "missing":
            body["run"] = ["no-such-program-of-errand"]
        else:
            body["run"] = BEGIN + script + ("" if code is None else ending(code))
        needs = self.needs(siblings)
        if needs:
            body["needs"] = [name.rsplit("/", 1)[-1] for name in needs]
        if code is None or r.random() < 0.2:  # what does not end by itself must not need a signal
            body["timeout"] = f"{r.randrange(50, 800)}ms"
        if r.random() < 0.3:
            body["grace"] = f"{r.randrange(0, 300)}ms"
        self.tasks[path] = Task(path, kind, code, tuple(needs))
        return body

    def needs(self, siblings):
        if not siblings or self.random.random() < 0.6:
            return []
        return self.random.sample(siblings, min(len(siblings), self.random.randrange(1, 3)))

    def group(self, prefix, depth):
        r = self.random
        body = {"mode": r.choice(["errgroup", "aggregate", "aggregate"]), "tasks": {}}
        if r.random() < 0.3:
            body["jobs"] = r.randrange(1, 5)
        if r.random() < 0.15:
            body["timeout"] = f"{r.randrange(100, 1500)}ms"
        siblings = []
        for i in range(r.randrange(1, 9 if depth == 0 else 5)):
            name = f"t{i}"
            path = prefix + name
            if depth < 2 and r.random() < 0.15:
                child = self.group(path + "/", depth + 1)
                needs = self.needs(siblings)
                if needs:
                    child["needs"] = [full.rsplit("/", 1)[-1] for full in needs]
            else:
                child = self.task(path, siblings)
            body["tasks"][name] = child
            siblings.append(path)
        return body


TROUBLES = [
    # weight, name
    (40, "none"), (12, "signal"), (6, "two signals"), (10, "killed"), (3, "its group killed"), (4, "crash"),
    (5, "stopped for a moment"), (4, "Ctrl-Z"), (4, "reader leaves"), (4, "slow reader"), (3, "guardian killed"),
    (4, "a task killed"), (4, "few descriptors"), (3, "no TMPDIR"), (4, "stray signals"),
]


def draw(random):
    drawer = Drawer(random)
    plan = drawer.group("", 0)
    plan["grace"] = f"{random.randrange(0, 400)}ms"
    options = ["-j", str(random.choice([0, 1, 2, 3, 4, 8]))]
    options += random.choice([[], [], ["-k"], ["--fail-fast"], ["-v"], ["-q"]])
    options += ["-o", random.choice(["group", "live", "errors", "quiet", "raw"])]
    trouble = random.choices([name for _, name in TROUBLES], [weight for weight, _ in TROUBLES])[0]
    draft = Draft(plan, drawer.tasks, options, trouble, round(random.uniform(0.0, 0.5), 4))
    polite = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    if trouble == "signal":
        draft.signals = (random.choice(polite),)
    if trouble == "two signals":
        draft.signals = (random.choice(polite), random.choice(polite))
    if trouble == "few descriptors":
        draft.limit = random.randrange(24, 64)
        draft.options[1] = str(random.choice([8, 50, 0]))
    return draft
