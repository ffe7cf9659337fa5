#!/usr/bin/env bash
# Generates clients from the server's own description and lets them take an incident from its
# declaration to its review, on a real server; or lints the description. The argument says what:
# lint, python or typescript. The tools are pinned and come from PyPI and npm; Node is a wheel, as
# Debian's is too old for them. They are kept in target/clients.
set -euo pipefail
cd "$(dirname "$0")/../.."
root="$PWD" sources="$PWD/tests/real/clients" tools="$PWD/target/clients"

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
export PATH="$tools/node_modules/.bin:$PATH" NO_COLOR=1 REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true
export no_proxy=127.0.0.1

. "$root/tests/real/server.sh"
start_server
export REDPHONE_URL="$url" REDPHONE_TOKEN="$token"
cd "$place"
case "$1" in
lint)
    redocly lint --extends recommended openapi.json
    spectral lint --ruleset "$sources/spectral.yaml" --fail-severity error openapi.json
    ;;
python)
    openapi-python-client generate --path openapi.json --output-path client \
        --config "$sources/openapi-python-client.yaml" 2>&1 | tee generated
    # What the generator leaves out, it warns about.
    if grep -qi warning generated; then exit 1; fi
    PYTHONPATH="$place/client" python "$sources/lifecycle.py"
    ;;
typescript)
    cp "$sources/lifecycle.ts" "$sources/tsconfig.json" "$sources/package.json" .
    ln -s "$tools/node_modules" node_modules
    openapi-typescript openapi.json --output api.d.ts
    tsc --project tsconfig.json
    node built/lifecycle.js
    ;;
esac
cd "$root"
stop_server
# A message that nobody can understand is stored, and named in the log.
if grep -v "can.t be understood, and is stored as" "$place/err"; then
    echo "the server said the above"
    exit 1
fi
