# SPDX-License-Identifier: Apache-2.0
"""Random plans, and what is to happen to errand while it runs one.

Every task writes to $LOG: "start TASK ATTEMPT PID" first, and "end TASK ATTEMPT CODE" before it exits by itself; a
service "ready TASK ATTEMPT 0" before it can be ready. It holds $HELD open, as does everything that it starts.
"""

import dataclasses
import signal

BEGIN = 'echo "start $ERRAND_TASK $ERRAND_ATTEMPT $$" >>"$LOG"; exec 8>"$HELD"; '
READY = 'echo "ready $ERRAND_TASK $ERRAND_ATTEMPT 0" >>"$LOG"; echo listening; '
LONG = 1000  # seconds: ends only when somebody ends it
LIMITS = {"db": 1, "net": 2}
RETRIES_OPTION = 1


def ending(code):
    return f'; echo "end $ERRAND_TASK $ERRAND_ATTEMPT {code}" >>"$LOG"; exit {code}'


@dataclasses.dataclass
class Task:
    name: str  # the full one
    kind: str
    code: int | None = None  # what it exits with when nobody stops it; None: it does not end by itself
    needs: dict = dataclasses.field(default_factory=dict)  # full names: condition
    tries: int = 1
    hedges: int = 1  # processes at once
    locks: dict = dataclasses.field(default_factory=dict)
    weight: int = 1
    service: bool = False
    when: str = "on_success"
    allowed: bool = False  # to fail

    def attempts_max(self):
        tries = self.tries if self.hedges > 1 else max(self.tries, RETRIES_OPTION + 1)
        return tries * self.hedges


@dataclasses.dataclass
class Group:
    name: str  # the full one; of the run: ""
    mode: str
    jobs: int
    children: list  # full names
    plain: bool = True  # no services, and nothing that runs last


@dataclasses.dataclass
class Draft:
    """One run: the file, the command line, and the trouble."""
    plan: dict
    tasks: dict  # of Task, by full name
    groups: dict  # of Group, by full name
    options: list
    trouble: str
    delay: float  # seconds from errand's start to the trouble
    signals: tuple = ()
    limit: int | None = None  # of descriptors


class Drawer:
    def __init__(self, random):
        self.random, self.tasks, self.groups = random, {}, {}

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

    def service_kinds(self):
        stays = f"exec sleep {LONG}"
        return [
            # weight, script, ready
            (5, READY + stays, "log"),
            (2, f"sleep {self.short()}; " + READY + stays, "log"),
            (2, READY + stays, "exec"),
            (1, f"trap '' TERM INT HUP; " + READY + f"sleep {LONG}", "log"),
            (1, f"sleep {LONG} & " + READY + stays, "log"),
            (1, stays, "never"),
            (1, READY + f"sleep {self.short()}; exit {self.random.choice([0, 3])}", "log"),
            (1, READY + stays, None),
        ]

    def task(self, path, siblings):
        r = self.random
        kinds = self.kinds()
        _, kind, script, code = r.choices(kinds, [k[0] for k in kinds])[0]
        task = Task(path, kind, code)
        body = {}
        if kind == "missing":
            body["run"] = ["no-such-program-of-errand"]
        else:
            body["run"] = BEGIN + script + ("" if code is None else ending(code))
        self.add_needs(task, body, siblings)
        self.add_policies(task, body)
        if code is None or r.random() < 0.2:  # what does not end by itself must not need a signal
            body["timeout"] = f"{r.randrange(50, 800)}ms"
        if r.random() < 0.3:
            body["grace"] = f"{r.randrange(0, 300)}ms"
        if r.random() < 0.08:
            self.add_matrix(task, body)
        else:
            self.tasks[path] = task
        return body

    def add_policies(self, task, body):
        r = self.random
        if r.random() < 0.2:
            task.tries = r.randrange(2, 4)
            body["retry"] = {"count": task.tries - 1, "delay": f"{r.randrange(0, 60)}ms"}
        if r.random() < 0.12:
            task.hedges = r.randrange(2, 4)
            body["hedge"] = {"delay": f"{r.randrange(0, 150)}ms", "max_attempts": task.hedges}
            if r.random() < 0.5:
                body["hedge"]["non_fatal_exit"] = "any"
        if r.random() < 0.2:
            task.locks = r.choice([{"db": 1}, {"net": 1}, {"net": 2}, {"db": 1, "net": 1}])
            body["locks"] = task.locks
        if r.random() < 0.1:
            body["weight"] = task.weight = r.randrange(2, 10)
        if r.random() < 0.1:
            body["allow_failure"] = task.allowed = True
        if r.random() < 0.08:
            body["deadline"] = f"{r.randrange(50, 900)}ms"

    def add_matrix(self, task, body):
        body["matrix"] = {"x": ["1", "2"], "y": ["a", "b"]} if self.random.random() < 0.5 else {"x": ["1", "2", "3"]}
        body["mode"] = self.random.choice(["errgroup", "aggregate", "race"])
        values = ["1,a", "1,b", "2,a", "2,b"] if "y" in body["matrix"] else ["1", "2", "3"]
        names = [f"{task.name}/{value}" for value in values]
        for name in names:
            self.tasks[name] = dataclasses.replace(task, name=name)
        self.groups[task.name] = Group(task.name, body["mode"], 0, names)

    def service(self, path, siblings):
        r = self.random
        kinds = self.service_kinds()
        _, script, ready = r.choices(kinds, [k[0] for k in kinds])[0]
        task = Task(path, "service" if ready else "service that is ready at once", service=True)
        body = {"service": True, "run": BEGIN + script}
        if ready in ("log", "never"):
            body["ready"] = {"log": "listening", "timeout": f"{r.randrange(300, 900)}ms"}
        elif ready == "exec":
            body["ready"] = {"exec": f'grep -q "^ready {path} " "$LOG"', "timeout": "900ms"}
        self.add_needs(task, body, siblings)
        if r.random() < 0.2:
            task.tries = 2
            body["retry"] = {"count": 1, "delay": "10ms"}
        self.tasks[path] = task
        return body

    # What runs last in its group: nobody needs it.
    def last(self, path):
        r = self.random
        quick = f"sleep {self.short()}"
        code = r.choice([0, 0, 1])
        task = Task(path, "last", code, when=r.choice(["always", "on_failure"]))
        self.tasks[path] = task
        return {"when": task.when, "run": BEGIN + quick + ending(code)}

    def add_needs(self, task, body, siblings):
        needs = self.needs(siblings)
        if not needs:
            return
        for name in needs:
            whole = name in self.groups
            service = not whole and self.tasks[name].service
            choices = ["ready"] if service else ["success", "success", "done"] + ([] if whole else ["started"])
            task.needs[name] = self.random.choice(choices)
        body["needs"] = {name.rsplit("/", 1)[-1]: {"condition": condition} for name, condition in task.needs.items()}

    def needs(self, siblings):
        if not siblings or self.random.random() < 0.6:
            return []
        return self.random.sample(siblings, min(len(siblings), self.random.randrange(1, 3)))

    def group(self, prefix, depth):
        r = self.random
        mode = r.choice(["errgroup", "errgroup", "aggregate", "aggregate", "race"] if depth else
                        ["errgroup", "aggregate", "aggregate"])
        body = {"mode": mode, "tasks": {}}
        group = Group(prefix.rstrip("/"), mode, 0, [])
        self.groups[group.name] = group
        if r.random() < 0.3:
            body["jobs"] = group.jobs = r.randrange(1, 5)
        if r.random() < 0.15:
            body["timeout"] = f"{r.randrange(100, 1500)}ms"
        for i in range(r.randrange(1, 9 if depth == 0 else 5)):
            path = f"{prefix}t{i}"
            body["tasks"][f"t{i}"] = self.child(path, depth, group)
            group.children.append(path)
        if mode != "race" and r.random() < 0.15:
            group.plain = False
            body["tasks"]["last"] = self.last(prefix + "last")
            group.children.append(prefix + "last")
        return body

    def child(self, path, depth, group):
        r = self.random
        kind = r.random()
        if depth < 2 and kind < 0.15:
            child = self.group(path + "/", depth + 1)
            needs = self.needs(group.children)
            if needs:
                child["needs"] = [full.rsplit("/", 1)[-1] for full in needs]
            return child
        if group.mode != "race" and kind > 0.93:
            group.plain = False
            return self.service(path, group.children)
        return self.task(path, group.children)


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
    plan["limits"] = LIMITS
    options = ["-j", str(random.choice([0, 1, 2, 3, 4, 8]))]
    options += random.choice([[], [], ["-k"], ["--fail-fast"], ["-v"], ["-q"], ["--retries", str(RETRIES_OPTION)]])
    options += ["-o", random.choice(["group", "live", "errors", "quiet", "raw"])]
    trouble = random.choices([name for _, name in TROUBLES], [weight for weight, _ in TROUBLES])[0]
    draft = Draft(plan, drawer.tasks, drawer.groups, options, trouble, round(random.uniform(0.0, 0.5), 4))
    polite = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    if trouble == "signal":
        draft.signals = (random.choice(polite),)
    if trouble == "two signals":
        draft.signals = (random.choice(polite), random.choice(polite))
    if trouble == "few descriptors":
        draft.limit = random.randrange(24, 64)
        draft.options[1] = str(random.choice([8, 50, 0]))
    return draft
