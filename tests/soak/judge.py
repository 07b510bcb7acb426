# SPDX-License-Identifier: Apache-2.0
"""Compares what errand says of a run with what its tasks did."""

import json
import re

from draw import LIMITS

FATAL = ("killed", "its group killed", "crash")  # the troubles that errand cannot survive
STATES = {"succeeded", "failed", "timed_out", "canceled", "skipped"}
END_STATES = {"run_ended", "task_ended", "attempt_ended"}


class Deeds:
    """What the tasks wrote."""

    def __init__(self, text):
        self.lines = [line.split() for line in text.splitlines()]
        self.started = {}  # (task, attempt): position in the log
        self.ready = {}  # the same
        self.ended = {}  # (task, attempt): (position, code)
        for at, words in enumerate(self.lines):
            attempt = (words[1], int(words[2]))
            if words[0] == "start":
                self.started[attempt] = at
            elif words[0] == "ready":
                self.ready[attempt] = at
            else:
                self.ended[attempt] = (at, int(words[3]))

    def before(self, events, name, position):
        """Had some attempt of the task done this before?"""
        return any(task == name and at < position for (task, _), at in events.items())

    def succeeded(self):
        return {attempt: at for attempt, (at, code) in self.ended.items() if code == 0}


def read_events(text, complete):
    events = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if not line:
            continue
        try:
            events.append(json.loads(line))
        except ValueError:
            if complete or number < len(lines) - 1:
                raise
    return events


def judge(draft, end, log, events_text):
    """The findings: what cannot be, in words. `end` has code, signal and err of errand."""
    deeds = Deeds(log)
    fatal = draft.trouble in FATAL and end.signal != 0 and end.signal in (9, 6)
    if end.code == 125 and not fatal:
        return [f"errand could not: {end.err.strip()[-300:]}"]
    try:
        events = read_events(events_text, not fatal)
    except ValueError as error:
        return [f"the event log has a line that is no JSON: {error}"]
    if end.signal in draft.signals and not events and not deeds.lines:
        return []  # it came before errand had begun
    findings = list(judge_order(draft, deeds))
    findings += judge_events(draft, events, fatal)
    findings += judge_attempts(draft, deeds, events, fatal)
    findings += judge_limits(draft, events)
    if not fatal:
        findings += judge_tries(draft, events)
        findings += judge_groups(draft, events)
        findings += judge_services(draft, events)
        findings += judge_end(draft, end, events)
    return findings


def children_of(draft, name):
    return draft.groups[name].children if name in draft.groups else []


def judge_order(draft, deeds):
    done = deeds.succeeded()
    for name, task in draft.tasks.items():
        start = deeds.started.get((name, 1))
        if start is None:
            continue
        for need, condition in task.needs.items():
            # A race's losers need not succeed, and what is allowed to fail need not either.
            whole = draft.groups.get(need)
            for one in [need] if need in draft.tasks else whole.children if whole.mode != "race" else []:
                other = draft.tasks.get(one)
                if other is None or other.when != "on_success" or condition in ("success", "ready") and other.allowed:
                    continue
                if condition == "success" and not other.service and not deeds.before(done, one, start):
                    yield f"{name} started before its need {one} had succeeded"
                if condition == "ready" and other.kind == "service" and not deeds.before(deeds.ready, one, start):
                    yield f"{name} started before its service {one} was ready"


def judge_events(draft, events, fatal):
    running, ended = {}, set()
    for event in events:
        kind, name, attempt = event["event"], event.get("task"), event.get("attempt")
        now = running.setdefault(name, set())
        if kind == "attempt_started":
            if len(now) >= draft.tasks[name].hedges:
                yield f"{name} runs {len(now) + 1} times at once"
            if name in ended:
                yield f"{name} starts after its end"
            now.add(attempt)
        elif kind == "attempt_ended":
            if attempt not in now:
                yield f"an attempt of {name} ends that has not started"
            now.discard(attempt)
        elif kind == "task_ended":
            if name in ended:
                yield f"{name} ends twice"
            if now:
                yield f"{name} ends before its attempt"
            if any(child not in ended for child in children_of(draft, name)):
                yield f"{name} ends before all that is in it"
            ended.add(name)
        if kind in END_STATES and event["status"] not in STATES:
            yield f"unknown status {event['status']}"
        if kind == "task_ended" and event["status"] != "succeeded" and not event["cause"]:
            yield f"{name} is {event['status']} for no cause"
    left = sorted(name for name, attempts in running.items() if attempts)
    if not fatal and left:
        yield f"attempts that never end: {left}"
    if not fatal and (not events or events[-1]["event"] != "run_ended"):
        yield "the event log does not end with the run's end"


def judge_attempts(draft, deeds, events, fatal):
    started = {(e["task"], e["attempt"]) for e in events if e["event"] == "attempt_started"}
    for key in deeds.started:
        if key not in started and not fatal:
            yield f"{key[0]} ran (attempt {key[1]}) but errand does not know"
    for event in events:
        if event["event"] != "attempt_ended":
            continue
        key = (event["task"], event["attempt"])
        done, status = deeds.ended.get(key), event["status"]
        service = draft.tasks[key[0]].service  # which succeeds when it is stopped
        if status == "succeeded" and not service and (done is None or done[1] != 0):
            yield f"{key[0]} is said to have succeeded, but it {'never ended' if done is None else f'exited {done[1]}'}"
        if "exit_code" in event and done is not None and status != "canceled" and event["exit_code"] != done[1]:
            yield f"{key[0]} exited with {done[1]}, not with {event['exit_code']}"
        if done is not None and done[1] == 0 and status == "failed" and not service and not event["cause"].startswith("killed by"):
            yield f"{key[0]} exited with 0 but is said to have failed: {event['cause']}"
    ended = {e["task"]: e for e in events if e["event"] == "task_ended"}
    for name in draft.tasks:
        if not fatal and name not in ended:
            yield f"{name} never ends"
        if ended.get(name, {}).get("status") == "skipped" and (name, 1) in deeds.started:
            yield f"{name} is said to have been skipped, but it ran"


def judge_limits(draft, events):
    """Job slots of the run and of every group, and locks, as the event log has them."""
    bounds = {name: group.jobs for name, group in draft.groups.items()}
    bounds[""] = int(draft.options[1])
    used, locks, at_once, told = {}, {}, {}, set()
    for event in events:
        sign = {"attempt_started": 1, "attempt_ended": -1}.get(event["event"])
        task = draft.tasks.get(event.get("task"))
        if sign is None or task.service:
            continue
        for name, most in bounds.items():
            if not most or name and not task.name.startswith(name + "/"):
                continue
            used[name] = used.get(name, 0) + sign * min(task.weight, most)
            if used[name] > most and name not in told:
                told.add(name)
                yield f"more than {most} job slots at once in '{name}'"
        at_once[task.name] = at_once.get(task.name, 0) + sign
        if at_once[task.name] != (1 if sign > 0 else 0):
            continue  # hedges share their task's locks
        for lock, count in task.locks.items():
            locks[lock] = locks.get(lock, 0) + sign * count
            if locks[lock] > LIMITS[lock]:
                yield f"the lock {lock} is held {locks[lock]} times"


def judge_tries(draft, events):
    attempts = {}
    for event in events:
        name = event.get("task")
        if event["event"] == "attempt_started":
            mine = attempts.setdefault(name, [])
            if any(status == "succeeded" for status in mine):
                yield f"{name} is tried again after its success"
            if event["attempt"] != len(mine) + 1:
                yield f"{name} has attempt {event['attempt']} after {len(mine)}"
            mine.append(None)
        elif event["event"] == "attempt_ended":
            attempts[name][event["attempt"] - 1] = event["status"]
        elif event["event"] == "task_ended" and name in draft.tasks:
            yield from judge_ended_task(draft.tasks[name], event, attempts.get(name, []))


def judge_ended_task(task, event, attempts):
    if event["attempt_count"] != len(attempts):
        yield f"{task.name} is said to have had {event['attempt_count']} attempts, not {len(attempts)}"
    if len(attempts) > task.attempts_max():
        yield f"{task.name} had {len(attempts)} attempts, more than {task.attempts_max()}"
    if event["status"] == "succeeded" and "succeeded" not in attempts and not task.service:  # it may not be needed
        yield f"{task.name} succeeded without an attempt that did"
    failed = any(status in ("failed", "timed_out") for status in attempts)
    if task.hedges == 1 and event["flaky"] != (event["status"] == "succeeded" and failed):
        yield f"{task.name} is {'' if event['flaky'] else 'not '}said to be flaky; its attempts: {attempts}"
    if event["allowed"] and not task.allowed:
        yield f"{task.name} failed and is said to be allowed to"


def judge_groups(draft, events):
    ended = {e["task"]: e for e in events if e["event"] == "task_ended"}
    if events and events[-1]["event"] == "run_ended":
        ended[""] = events[-1]
    for name, group in draft.groups.items():
        children = [ended[child] for child in group.children if child in ended]
        if name not in ended or len(children) < len(group.children):
            continue
        status = ended[name]["status"]
        wrong = [c["task"] for c in children if c["status"] in ("failed", "timed_out") and not c["allowed"]]
        won = any(c["status"] == "succeeded" for c in children)
        if group.mode != "race" and status == "succeeded" and wrong:
            yield f"the group '{name}' is said to have succeeded without {wrong}"
        if group.mode == "race" and status == "succeeded" and not won and not any(c["allowed"] or c["status"] == "skipped" for c in children):
            yield f"the race '{name}' has no winner and succeeds"
        if group.mode == "race" and status == "failed" and won:
            yield f"the race '{name}' fails, although somebody won: {ended[name]['cause']}"
        yield from judge_last(draft, group, ended, events)


def judge_last(draft, group, ended, events):
    for name in group.children:
        task = draft.tasks.get(name)
        if task is None or task.when == "on_success":
            continue
        others = [child for child in group.children if child != name]
        at = next((i for i, e in enumerate(events) if e["event"] == "attempt_started" and e["task"] == name), None)
        if at is not None:
            before = {e["task"] for e in events[:at] if e["event"] == "task_ended"}
            early = [other for other in others if other not in before]
            if early:
                yield f"{name} runs last, but before the end of {early}"
        good = all(ended[other]["status"] == "succeeded" for other in others)
        if task.when == "on_failure" and good and ended[name]["status"] != "skipped":
            yield f"{name} is {ended[name]['status']}, although nothing has failed"


def judge_services(draft, events):
    """A service that is stopped because nobody needs it any more is needed by nobody."""
    needed_by = {}
    for task in draft.tasks.values():
        for need in task.needs:
            needed_by.setdefault(need, []).append(task.name)
    ended = set()
    for event in events:
        name = event.get("task")
        if event["event"] == "task_ended":
            ended.add(name)
        if event["event"] != "attempt_ended" or event["status"] != "succeeded" or not draft.tasks[name].service:
            continue
        waiting = [other for other in needed_by.get(name, []) if other not in ended]
        if waiting:
            yield f"the service {name} is stopped while {waiting} need it"


def judge_end(draft, end, events):
    run = events[-1] if events and events[-1]["event"] == "run_ended" else None
    if run is None:
        return
    status = run["exit_status"]
    if end.signal == 0 and end.code != status:
        yield f"errand exits with {end.code}, its event log says {status}"
    if end.signal != 0 and end.signal not in draft.signals and not (end.signal == 13 and draft.trouble == "reader leaves"):
        yield f"errand died of signal {end.signal}, which nobody sent"
    if run["status"] == "succeeded" and end.signal == 0 and end.code != 0:
        yield f"the run succeeded, but errand exits with {end.code}"
    if run["status"] != "succeeded" and end.signal == 0 and end.code == 0:
        yield "the run did not succeed, but errand exits with 0"
    if re.search(r"(AddressSanitizer|runtime error:|Assertion|terminate called|left-over)", end.err):
        yield f"errand broke: {end.err.strip()[-500:]}"
