# SPDX-License-Identifier: Apache-2.0
"""Compares what errand says of a run with what its tasks did."""

import json
import re

FATAL = ("killed", "its group killed", "crash")  # the troubles that errand cannot survive
STATES = {"succeeded", "failed", "timed_out", "canceled", "skipped"}
END_STATES = {"run_ended", "task_ended", "attempt_ended"}


class Deeds:
    """What the tasks wrote."""

    def __init__(self, text):
        self.lines = [line.split() for line in text.splitlines()]
        self.started = {}  # (task, attempt): position in the log
        self.ended = {}  # (task, attempt): (position, code)
        for at, words in enumerate(self.lines):
            if words[0] == "start":
                self.started[(words[1], int(words[2]))] = at
            else:
                self.ended[(words[1], int(words[2]))] = (at, int(words[3]))


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
    findings += judge_events(events, fatal)
    findings += judge_attempts(draft, deeds, events, fatal)
    findings += judge_limit(draft, events)
    if not fatal:
        findings += judge_end(draft, end, events)
    return findings


def judge_order(draft, deeds):
    for name, task in draft.tasks.items():
        start = deeds.started.get((name, 1))
        if start is None:
            continue
        for need in task.needs:
            if need not in draft.tasks:
                continue  # a group
            done = deeds.ended.get((need, 1))
            if done is None or done[0] > start:
                yield f"{name} started before its need {need} had ended"
            elif done[1] != 0:
                yield f"{name} started although its need {need} had failed"


def judge_events(events, fatal):
    running, ended = set(), set()
    for event in events:
        kind, name = event["event"], event.get("task")
        if kind == "attempt_started":
            if name in running:
                yield f"{name} runs twice at once"
            if name in ended:
                yield f"{name} starts after its end"
            running.add(name)
        elif kind == "attempt_ended":
            if name not in running:
                yield f"an attempt of {name} ends that has not started"
            running.discard(name)
        elif kind == "task_ended":
            if name in ended:
                yield f"{name} ends twice"
            if name in running:
                yield f"{name} ends before its attempt"
            ended.add(name)
        if kind in END_STATES and event["status"] not in STATES:
            yield f"unknown status {event['status']}"
        if kind == "task_ended" and event["status"] != "succeeded" and not event["cause"]:
            yield f"{name} is {event['status']} for no cause"
    if not fatal and running:
        yield f"attempts that never end: {sorted(running)}"
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
        if status == "succeeded" and (done is None or done[1] != 0):
            yield f"{key[0]} is said to have succeeded, but it {'never ended' if done is None else f'exited {done[1]}'}"
        if "exit_code" in event and done is not None and status != "canceled" and event["exit_code"] != done[1]:
            yield f"{key[0]} exited with {done[1]}, not with {event['exit_code']}"
        if done is not None and done[1] == 0 and status == "failed" and not event["cause"].startswith("killed by"):
            yield f"{key[0]} exited with 0 but is said to have failed: {event['cause']}"
    ended = {e["task"]: e for e in events if e["event"] == "task_ended"}
    for name in draft.tasks:
        if not fatal and name not in ended:
            yield f"{name} never ends"
        if ended.get(name, {}).get("status") == "skipped" and (name, 1) in deeds.started:
            yield f"{name} is said to have been skipped, but it ran"


def judge_limit(draft, events):
    jobs, running = int(draft.options[1]), 0
    for event in events:
        running += {"attempt_started": 1, "attempt_ended": -1}.get(event["event"], 0)
        if jobs and running > jobs:
            yield f"more than {jobs} attempts at once"
            return


def judge_end(draft, end, events):
    run = events[-1] if events and events[-1]["event"] == "run_ended" else None
    if run is None:
        return
    status = run["exit_status"]
    if end.signal == 0 and end.code != status:
        yield f"errand exits with {end.code}, its event log says {status}"
    if end.signal != 0 and end.signal not in draft.signals and not (end.signal == 13 and draft.trouble == "reader leaves"):
        yield f"errand died of signal {end.signal}, which nobody sent"
    if run["status"] == "succeeded" and any(e["event"] == "task_ended" and e["status"] != "succeeded" for e in events):
        yield "the run is said to have succeeded, but a task has not"
    if run["status"] == "succeeded" and end.signal == 0 and end.code != 0:
        yield f"the run succeeded, but errand exits with {end.code}"
    if run["status"] != "succeeded" and end.signal == 0 and end.code == 0:
        yield "the run did not succeed, but errand exits with 0"
    if re.search(r"(AddressSanitizer|runtime error:|Assertion|terminate called|left-over)", end.err):
        yield f"errand broke: {end.err.strip()[-500:]}"
