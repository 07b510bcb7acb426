#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command as if the machine had been started SECONDS ago, in a time namespace of its own.

at_uptime.py SECONDS COMMAND [ARGUMENT...]    exits with 77, and says why, if namespaces are not permitted
"""

import os
import shutil
import signal
import subprocess
import sys
import time

SKIPPED = 77


def seconds_until(uptime, clock):
    return str(int(uptime - time.clock_gettime(clock)))


def main():
    uptime, command = int(sys.argv[1]), sys.argv[2:]
    unshare = shutil.which("unshare")
    if not unshare:
        print("skipped: there is no unshare (util-linux)")
        return SKIPPED
    enter = [unshare, "--time", "--fork", "--kill-child",
             "--monotonic", seconds_until(uptime, time.CLOCK_MONOTONIC),
             "--boottime", seconds_until(uptime, time.CLOCK_BOOTTIME), "--"]
    trial = subprocess.run(enter + ["true"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if trial.returncode != 0:
        print("skipped: no time namespace:", trial.stderr.strip())
        return SKIPPED
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python, and the command would inherit it
        signal.signal(ignored, signal.SIG_DFL)
    os.execv(unshare, enter + command)


sys.exit(main())
