#!/usr/bin/env bash
# Lets schemathesis ask a real server for everything that its own description allows, and for what it
# does not: no answer may be one that is not described. REDPHONE_SCHEMATHESIS_S bounds the time,
# REDPHONE_BIN names the program.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds="${REDPHONE_SCHEMATHESIS_S:-60}"
venv=target/schemathesis
if [ ! -x "$venv/bin/schemathesis" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'schemathesis>=4,<5'
fi
program="${REDPHONE_BIN:-$PWD/${CARGO_TARGET_DIR:-target}/debug/redphone}"

place="$(mktemp -d)"
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$place"
}
trap finish EXIT
export HOME="$place" REDPHONE_STORE="$place/store.db" REDPHONE_USER=ines
"$program" demo --seed-only --incidents 200 --keep "$REDPHONE_STORE" >"$place/demo"
token="$("$program" token create --name ines --scope admin --expires 1d 2>/dev/null)"
# Nobody waits a minute for each request that may.
"$program" serve --listen 127.0.0.1:0 --hold 0s --requests-a-minute 4000000000 \
    --access-log "$place/access.jsonl" >"$place/out" 2>"$place/err" &
server=$!
# A shell can't wait for a line in a file.
until grep -q 'serving' "$place/out"; do
    kill -0 "$server" || { cat "$place/err"; exit 1; }
    sleep 0.1
done
url="$(awk '{ print $NF; exit }' "$place/out")"
"$program" serve --print-openapi >"$place/openapi.json"
cd "$place"
failed=0
no_proxy=127.0.0.1 "$OLDPWD/$venv/bin/schemathesis" \
    --config-file "$OLDPWD/tests/real/schemathesis.toml" \
    run openapi.json --url "$url" --header "Authorization: Bearer $token" \
    --checks all --phases examples,coverage,fuzzing,stateful --mode all \
    --max-time "$seconds" --workers 2 --no-color ${REDPHONE_SEED:+--seed "$REDPHONE_SEED"} || failed=$?
kill -TERM "$server"
wait "$server" || { echo "the server did not end in peace"; cat "$place/err"; exit 1; }
server=
# It also sends wrong tokens, of which the server warns.
if grep -v 'has a token that is not known$' "$place/err"; then
    echo "the server said the above"
    exit 1
fi
grep -c . "$place/access.jsonl" | sed 's/$/ requests were answered/'
if grep -q '"status":5' "$place/access.jsonl"; then
    grep '"status":5' "$place/access.jsonl" | head -5
    exit 1
fi
exit "$failed"
