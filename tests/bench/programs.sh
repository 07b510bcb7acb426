#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/bench/programs.sh FOLDER: builds the small programs that are measured with, where they are not up to date.
set -euo pipefail
sources=$(dirname "$(readlink -f "$0")")
mkdir -p "$1"
for source in child_true child_noisy child_version drain peak stop_many spawn_posix spawn_clone; do
  [ "$1/$source" -nt "$sources/$source.c" ] ||
    clang-19 -O2 -static -Wall -Wextra -o "$1/$source" "$sources/$source.c"
done
for source in child_bare child_fail child_wait; do
  [ "$1/$source" -nt "$sources/$source.S" ] || clang-19 -nostdlib -static -o "$1/$source" "$sources/$source.S"
done
