#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes the pictures of terminals in the guide: runs errand on a pseudo-terminal and draws what a user would see.

captures.py ERRAND FOLDER          writes FOLDER/NAME.svg for each scene of FOLDER/scenes.yaml
captures.py --check ERRAND FOLDER  fails when a picture does not show what errand does now; times may differ

A scene has `files`, a `command`, the terminal's `columns`, and for a picture of a run that is not over `until`: texts
that have to be on the screen by then. A task holds still as long as the file `go` is missing; it is made afterwards.
"""

import fcntl
import html
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

try:
    import pyte
    import yaml
except ImportError as missing:
    sys.exit(f"{missing}; scripts/setup installs it")

ROWS_MAX = 60
PATIENCE_SECONDS = 60
TIMES = re.compile(r"\d[\d.]*(?:us|ms|s|m|h)(?:\d+(?:s|m))*\b|\b\d+:\d\d(?::\d\d)?\b|\b\d[\d.]* ?[KMG]B\b")
FOLDER = re.compile(r"/tmp/errand-\S*/runs/[^/]*/")  # of a run
NO_BREAK = "\u00a0"  # viewers drop spaces at the ends of a text
CELL_WIDTH, CELL_HEIGHT, MARGIN, TITLE = 8.4, 19, 14, 30
COLORS = {
    "default": "#d6deeb", "black": "#3b4252", "red": "#ff6e67", "green": "#8fd694", "brown": "#f2c96d",
    "blue": "#82aaff", "magenta": "#d7a1ff", "cyan": "#7fdbca", "white": "#f5f7fa",
    "brightblack": "#8a93a8", "brightred": "#ff8f88", "brightgreen": "#b1f2b5", "brightbrown": "#ffe08a",
    "brightblue": "#a9c7ff", "brightmagenta": "#e9c4ff", "brightcyan": "#a5f0e3", "brightwhite": "#ffffff",
}


class Terminal:
    """errand's screen, and what it is running there."""

    def __init__(self, scene, errand, folder):
        self.screen = pyte.Screen(scene.get("columns", 100), ROWS_MAX)
        self.stream = pyte.ByteStream(self.screen)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(PATH=f"{folder}/.bin:/usr/bin:/bin", HOME=folder, XDG_STATE_HOME=f"{folder}/state", TERM="xterm-256color", LANG="C.UTF-8")
            os.execv("/bin/sh", ["sh", "-c", scene["command"]])
        size = struct.pack("HHHH", ROWS_MAX, self.screen.columns, 0, 0)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, size)
        self.deadline = time.monotonic() + PATIENCE_SECONDS

    def read(self):
        """Takes what has come; False at the end."""
        ready, _, _ = select.select([self.fd], [], [], max(0, self.deadline - time.monotonic()))
        if not ready:
            os.kill(self.pid, signal.SIGTERM)
            raise SystemExit("captures: waited too long; the screen:\n" + "\n".join(self.lines()))
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the last process has gone
            return False
        self.stream.feed(data)
        return bool(data)

    def lines(self):
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def until(self, texts):
        while not all(text in "\n".join(self.lines()) for text in texts):
            if not self.read():
                raise SystemExit(f"captures: it ended without {texts}:\n" + "\n".join(self.lines()))

    def finish(self):
        while self.read():
            pass
        os.waitpid(self.pid, 0)


def row_of(terminal, number):
    """A line as parts of equal looks: text, colour, bold, background."""
    row = terminal.screen.buffer[number]
    parts = []
    for column in range(len(terminal.screen.display[number].rstrip())):
        cell = row[column]
        fore, back = (cell.bg, cell.fg) if cell.reverse else (cell.fg, cell.bg)
        looks = (fore, cell.bold, back)
        if parts and parts[-1][1] == looks:
            parts[-1][0] += cell.data
        else:
            parts.append([cell.data, looks, column])
    return parts


def color(name):
    return COLORS.get(name) or "#" + name


def draw(terminal, title, count):
    width = round(terminal.screen.columns * CELL_WIDTH + 2 * MARGIN)
    height = count * CELL_HEIGHT + TITLE + MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
        f"<title>{html.escape(title)}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#1b2130"/>',
        "".join(f'<circle cx="{20 + 18 * i}" cy="16" r="5.5" fill="{fill}"/>'
                for i, fill in enumerate(("#ff6e67", "#f2c96d", "#8fd694"))),
        f'<text x="{width / 2}" y="20" text-anchor="middle" font-family="sans-serif" font-size="12" '
        f'fill="#8a93a8">{html.escape(title)}</text>',
        '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">',
    ]
    for number in range(count):
        y = TITLE + (number + 1) * CELL_HEIGHT - 5
        for text, (fore, bold, back), column in row_of(terminal, number):
            x, length = MARGIN + column * CELL_WIDTH, len(text) * CELL_WIDTH
            if back != "default":
                out.append(f'<rect x="{x:.1f}" y="{y - 14}" width="{length:.1f}" height="{CELL_HEIGHT}" fill="{color(back)}"/>')
            if text.strip():
                weight = ' font-weight="bold"' if bold else ""
                out.append(f'<text x="{x:.1f}" y="{y}" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs" '
                           f'fill="{color(fore)}"{weight}>{html.escape(text).replace(" ", NO_BREAK)}</text>')
    return "\n".join(out + ["</g>", "</svg>"]) + "\n"


def take(scene, errand):
    """The picture, and the lines in it."""
    with tempfile.TemporaryDirectory(prefix="errand-", dir="/tmp") as folder:
        os.mkdir(f"{folder}/.bin")
        os.symlink(errand, f"{folder}/.bin/errand")
        for name, text in scene.get("files", {}).items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        terminal = Terminal(scene, errand, folder)
        if "until" in scene:
            terminal.until(scene["until"])
        else:
            terminal.finish()
        lines = terminal.lines()
        picture = draw(terminal, "$ " + scene["command"], len(lines))
        if "until" in scene:
            open(os.path.join(folder, "go"), "w", encoding="utf-8").close()
            terminal.finish()
        os.close(terminal.fd)
    return picture, lines


def shown_in(picture):
    """The text of a picture, line by line, without times."""
    rows = {}
    for x, y, text in re.findall(r'<text x="([\d.]+)" y="(\d+)" textLength[^>]*>([^<]*)</text>', picture):
        rows.setdefault(int(y), []).append((float(x), html.unescape(text)))
    return [words("".join(text for _, text in sorted(row))) for _, row in sorted(rows.items())]


def words(line):
    line = TIMES.sub("TIME", FOLDER.sub("FOLDER/", line)).replace(", ETA TIME", "")
    return re.sub(r"\s+", " ", line).strip()


def main():
    check = sys.argv[1] == "--check"
    errand, folder = [os.path.realpath(path) for path in sys.argv[1 + check:]]
    with open(os.path.join(folder, "scenes.yaml"), encoding="utf-8") as file:
        scenes = yaml.safe_load(file)
    wrong = 0
    for name, scene in scenes.items():
        path = os.path.join(folder, name + ".svg")
        picture, _ = take(scene, errand)
        if not check:
            with open(path, "w", encoding="utf-8") as file:
                file.write(picture)
            continue
        with open(path, encoding="utf-8") as file:
            before, now = sorted(shown_in(file.read())), sorted(shown_in(picture))
        if before != now:
            wrong += 1
            print(f"{name}.svg shows something else than errand does; scripts/captures draws it anew")
            print("\n".join(f"  - {line}" for line in before if line not in now))
            print("\n".join(f"  + {line}" for line in now if line not in before))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
