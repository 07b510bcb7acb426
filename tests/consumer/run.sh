#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the build in BUILD into a new folder, then configures, builds and runs a project that uses it.
#   tests/consumer/run.sh BUILD COMPILER [CXXFLAGS]
set -euo pipefail
build=$1 compiler=$2 flags=${3-}
here=$(dirname "$(readlink -f "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >/dev/null
cmake -S "$here" -B "$work/build" -G Ninja -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_FLAGS="$flags" \
      -DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$work/build/consumer"
"$work/build/consumer_whole"
