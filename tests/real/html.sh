#!/usr/bin/env bash
# Validates files of HTML with html-validate, and prints what it finds as JSON. It is pinned and comes from
# npm; Node is a wheel, as Debian's is too old for it. Both are kept in target/html.
# Arguments: the files.
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
sources="$root/tests/real/html" tools="$root/target/html"

mkdir -p "$tools"
# Tests may run at the same time: one installs, the others wait.
exec 9>"$tools/lock"
flock 9
if ! cmp -s "$sources/requirements.txt" "$tools/requirements.txt"; then
    python3 -m venv "$tools/venv"
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check -r "$sources/requirements.txt"
    cp "$sources/requirements.txt" "$tools/"
fi
export PATH="$tools/venv/bin:$PATH"
if ! cmp -s "$sources/package-lock.json" "$tools/installed-lock.json"; then
    cp "$sources/package.json" "$sources/package-lock.json" "$tools/"
    (cd "$tools" && npm ci --silent --no-audit --no-fund --ignore-scripts)
    cp "$sources/package-lock.json" "$tools/installed-lock.json"
fi
flock -u 9

# It ends before all of a long output is in a pipe, but not before it is in a file.
found="$(mktemp)"
trap 'rm -f "$found"' EXIT
code=0
"$tools/node_modules/.bin/html-validate" --config "$sources/rules.json" --formatter "json=$found" "$@" || code=$?
cat "$found"
exit "$code"
