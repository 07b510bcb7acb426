#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens the page of --report html in a headless Chromium, and uses it.

page_test.py ERRAND [--screenshots FOLDER]    fails, with a list, when the page does not do what it should
                                              exit status 77: skipped, there is no Chromium
"""

import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import browser  # noqa: E402

SKIPPED = 77
TASKS = r"""
name: "checks & <more>"
mode: aggregate
jobs: 4
tasks:
  lint:
    mode: aggregate
    tasks:
      format: "printf '\\033[32mok\\033[0m 214 files formatted\\n'; sleep 0.3"
      tidy: { run: "printf 'a.cpp:3: \\033[1;35mwarning:\\033[0m unused variable\\n'; sleep 0.2; exit 1", allow_failure: true }
  build: "for i in 1 2 3 4 5 6 7 8; do printf '[%d/8] \\033[36mcc\\033[0m file%d.c\\n' $i $i; sleep 0.08; done"
  docs: "printf 'page 1\\rpage 2\\rpage 3\\n'; sleep 0.5"
  db: { run: "echo starting; sleep 0.1; echo ready to accept connections; exec sleep 1000", service: true,
        ready: { log: ready to accept } }
  test:
    needs: [build, db]
    mode: aggregate
    tasks:
      unit: "sleep 0.3; echo '</script><script>document.title = 1</script><!-- <img src=x onerror=alert(1)>';
             printf '\\033[31merror:\\033[0m expected \\033[38;5;214m2\\033[0m, got \\033[38;2;10;200;30m3\\033[0m\\n'; exit 2"
      slow: { run: "sleep 1000", timeout: 400ms }
      flaky: { run: "[ $ERRAND_ATTEMPT -ge 2 ]", retry: { count: 3, delay: 50ms, jitter: none } }
      long: "seq 1 80000"
  fetch: { run: "[ $ERRAND_ATTEMPT = 2 ] || sleep 0.7", hedge: { delay: 100ms, max_attempts: 2 } }
  package: { needs: [build], run: "sleep 0.4; echo packed" }
  publish: { needs: [test], run: "echo never" }
"""


def small_page(errand, folder):
    with open(os.path.join(folder, "errand.yaml"), "w", encoding="utf-8") as file:
        file.write(TASKS)
    page = os.path.join(folder, "small.html")
    ended = subprocess.run([errand, "run", "--report", "html=" + page], cwd=folder, capture_output=True, text=True,
                           env={"PATH": os.environ["PATH"], "HOME": folder}, check=False)
    if ended.returncode != 1:
        sys.exit(f"the example exits with {ended.returncode}:\n{ended.stderr}")
    return page


def large_page(errand, folder, count):
    """A run of `count` tasks that nobody has to wait for."""
    log = os.path.join(folder, "large.jsonl")
    with open(log, "w", encoding="utf-8") as file:
        def event(since, kind, **fields):
            line = {"time": "2026-01-02T03:04:05.678Z", "since_start": since, "event": kind, **fields}
            file.write(json.dumps(line) + "\n")

        event(0, "run_started", version=1, id="r1", name="large", mode="aggregate", jobs=16, tasks=count)
        names = [f"group{index % 50}-shard{index}" for index in range(count)]
        for index, name in enumerate(names, 1):
            event(0, "task_planned", task=name, id=index, command=f"make {name}")
        for index, name in enumerate(names, 1):
            since = index // 16 * 0.01
            end = {"status": "failed", "cause": "exit 2", "exit_code": 2} if index % 1000 == 7 else \
                {"status": "succeeded", "cause": None, "exit_code": 0}
            event(since, "task_ready", task=name, id=index)
            event(since, "attempt_started", task=name, id=index, attempt=1, slot=index % 16 + 1)
            event(since + 0.009, "attempt_ended", task=name, id=index, attempt=1, **end, duration=0.009,
                  rusage={"user": 0.004, "system": 0.001, "rss_bytes_max": 4 << 20, "voluntary_switches": 3,
                          "involuntary_switches": 1})
            event(since + 0.009, "task_ended", task=name, id=index, **end, attempt_count=1, first_failure=False,
                  flaky=False, allowed=False, duration=0.009, last_lines=f"made {name}\n")
        event(count / 16 * 0.01, "run_ended", status="failed", cause="10 tasks failed", exit_status=1,
              duration=count / 16 * 0.01)
    page = os.path.join(folder, "large.html")
    subprocess.run([errand, "report", "--format", "html", "-o", page, log], check=True)
    return page


class Checks:
    def __init__(self, page, screenshots):
        self.page = page
        self.screenshots = screenshots
        self.problems = []

    def equal(self, what, found, wanted):
        if found != wanted:
            self.problems.append(f"{what}: {found!r}, not {wanted!r}")

    def names(self):
        return self.page.run("[...document.querySelectorAll('#tasks .name')].map(one => one.firstChild.data)")

    def shoot(self, name):
        if self.screenshots:
            self.page.screenshot(os.path.join(self.screenshots, name + ".png"))

    def state_of(self, name):
        return (f"[...document.querySelectorAll('#tasks li')].find(one => one.querySelector('.name')?.firstChild.data"
                f" === {json.dumps(name)})")

    # ---- what a reader does

    def looks(self):
        page = self.page
        self.equal("title", page.run("document.title"), "checks & <more>: failed")
        self.equal("failures first", self.names()[:2], ["test/unit", "test/slow"])
        self.equal("all tasks", len(self.names()), 12)
        self.equal("a group is told by its tasks", "test/" in self.names(), False)
        self.equal("opened failures", page.run("document.querySelectorAll('#tasks .detail').length"), 2)
        self.equal("badge", page.run("document.getElementById('state').textContent"), "✕ failed")
        self.equal("critical path", "critical path" in page.run("document.getElementById('path').textContent").lower(), True)
        self.shoot("light")

    def logs_are_coloured_text(self):
        page = self.page
        log = self.state_of("test/unit") + ".querySelector('pre')"
        self.equal("markup is text", page.run(f"{log}.textContent.startsWith('</script><script>document.title = 1</script><!--')"), True)
        spans = page.run(f"[...{log}.querySelectorAll('span')].map(one => [one.textContent, one.style.color])")
        self.equal("colours", spans, [["error:", "var(--a1)"], ["2", "rgb(255, 175, 0)"], ["3", "rgb(10, 200, 30)"]])
        page.run(self.state_of("docs") + ".querySelector('button').click()")
        self.equal("a line written again", page.run(self.state_of("docs") + ".querySelector('pre').textContent"), "page 3\n")
        page.run(self.state_of("test/long") + ".querySelector('button').click()")
        text = page.run(self.state_of("test/long") + ".querySelector('pre').textContent")
        self.equal("beginning and end of a long log", (text[:4], text[-6:], "left out" in text), ("1\n2\n", "80000\n", True))

    def rows_open_and_close(self):
        page = self.page
        row = self.state_of("build")
        opened = f"({row}.querySelector('.detail') !== null)"
        self.equal("closed at first", page.run(opened), False)
        page.run(f"{row}.dataset.test = 'row'")
        page.click("[data-test=row] > button")
        self.equal("opened by a click", page.run(opened), True)
        self.equal("told to others", page.run(f"{row}.querySelector('button').getAttribute('aria-expanded')"), "true")
        page.click("[data-test=row] > button")
        self.equal("closed by a click", page.run(opened), False)
        page.run(f"{row}.querySelector('button').focus()")
        page.press("Enter", "\r")
        self.equal("opened by a key", page.run(opened), True)
        page.press("ArrowDown")
        self.equal("the next row by a key", page.run(f"document.activeElement === {row}.nextElementSibling.querySelector('button')"), True)

    def filter_finds(self):
        page = self.page
        page.run("document.activeElement.blur()")
        page.press("/", "/")
        self.equal("/ goes to the filter", page.run("document.activeElement.id"), "query")
        page.type("TEST/ fl")
        self.equal("filter by name", self.names(), ["test/flaky"])
        page.press("Escape")
        self.equal("Escape clears it", len(self.names()), 12)
        page.click("#states [data-state=skipped]")
        self.equal("filter by state", self.names(), ["publish"])
        page.click("#states [data-state=skipped]")
        page.type("no such thing")
        self.equal("nothing found", page.run("document.querySelector('#tasks').textContent"), "No task is like that.")
        page.run("document.getElementById('query').focus()")
        page.press("Escape")
        page.run("(() => { const order = document.getElementById('order'); order.value = 'file'; order.onchange(); })()")
        self.equal("file order has groups", self.names()[:3], ["lint/", "lint/format", "lint/tidy"])
        page.run("(() => { const order = document.getElementById('order'); order.value = 'failures'; order.onchange(); })()")

    def timeline_leads_to_tasks(self):
        page = self.page
        page.run("window.scrollTo(0, 0)")
        drawn = page.run("(() => { const canvas = document.getElementById('timeline'); const to = canvas.getContext('2d');"
                         " const all = to.getImageData(0, 0, canvas.width, canvas.height).data;"
                         " const colours = new Set(); for (let i = 0; i < all.length; i += 4)"
                         " colours.add(all.slice(i, i + 3).join()); return colours.size; })()")
        self.equal("something is drawn", drawn > 5, True)
        box = page.run("(() => { const box = document.getElementById('timeline').getBoundingClientRect();"
                       " return [box.x, box.y, box.width, box.height]; })()")
        page.run("document.activeElement.blur()")
        page.click_at(box[0] + 60, box[1] + 22 + 10)
        self.equal("a click on a bar", page.run("document.activeElement.className"), "row")
        page.click("#path button")
        self.equal("a click on the path", page.run("document.activeElement.className"), "row")
        page.click("#zoom-in")
        page.click("#zoom-all")

    def theme_switches(self):
        page = self.page
        page.run("window.scrollTo(0, 0)")
        light = page.run("getComputedStyle(document.body).backgroundColor")
        page.click("#theme")
        self.equal("dark by the switch", page.run("document.documentElement.dataset.theme"), "dark")
        self.equal("it is another colour", page.run("getComputedStyle(document.body).backgroundColor") != light, True)
        self.shoot("dark")
        page.click("#theme")
        page.prefer("dark")
        page.run("new Promise(then => requestAnimationFrame(() => requestAnimationFrame(() => then(0))))")
        self.equal("dark by preference", page.run("document.documentElement.dataset.theme"), "dark")

    def narrow_screens_do_not_scroll_sideways(self):
        page = self.page
        page.call("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=False)
        self.equal("no sideways scrolling", page.run("document.documentElement.scrollWidth <= 400"), True)
        self.shoot("narrow")
        page.call("Emulation.clearDeviceMetricsOverride")

    def ten_thousand_tasks(self, path):
        page = self.page
        page.prefer("light")
        page.open(path)
        took = page.run("(() => { const all = performance.getEntriesByType('navigation')[0]; return all.loadEventEnd; })()")
        print(f"10,000 tasks: loaded in {took:.0f} ms, {os.path.getsize(path) / 1e6:.1f} MB")
        self.equal("tasks", page.run("document.getElementById('shown').textContent"), "10000 of 10000 tasks")
        self.equal("failures first", self.names()[0], "group6-shard6")
        built = page.run("document.querySelectorAll('#tasks .row').length")
        self.equal("only what may be looked at is built", 100 <= built <= 300, True)
        filtered = page.run("(() => { const began = performance.now(); const query = document.getElementById('query');"
                            " query.value = 'shard9999'; query.oninput(); return performance.now() - began; })()")
        print(f"10,000 tasks: filtered in {filtered:.0f} ms")
        self.equal("filter", self.names(), ["group49-shard9999"])
        page.run("(() => { const query = document.getElementById('query'); query.value = ''; query.oninput(); })()")
        self.shoot("large")


def main(arguments):
    program = browser.find()
    if not program:
        print("SKIPPED: there is no Chromium (apt-get install chromium, or CHROMIUM=PATH); the page was not looked at")
        return SKIPPED
    errand = os.path.abspath(arguments[0])
    screenshots = arguments[2] if arguments[1:2] == ["--screenshots"] else None
    with tempfile.TemporaryDirectory(prefix="errand-page-") as folder:
        small, large = small_page(errand, folder), large_page(errand, folder, 10000)
        page = browser.Browser(program)
        try:
            page.prefer("light")
            checks = Checks(page, screenshots)
            page.open(small)
            checks.looks()
            checks.logs_are_coloured_text()
            checks.rows_open_and_close()
            checks.filter_finds()
            checks.timeline_leads_to_tasks()
            checks.theme_switches()
            checks.narrow_screens_do_not_scroll_sideways()
            checks.ten_thousand_tasks(large)
            checks.equal("complaints on the console", page.complaints, [])
            checks.equal("requests beside the page", [one for one in page.requests if not one.startswith("file://")], [])
            checks.equal("files beside the pages", len(page.requests), 2)
        finally:
            page.close()
    for problem in checks.problems:
        print("page: " + problem)
    return 1 if checks.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
