#!/usr/bin/env bash
# Lets schemathesis ask a real server for everything that its own description allows, and for what it
# does not: no answer may be one that is not described. It revokes no tokens: its own would be among
# them. REDPHONE_SCHEMATHESIS_S bounds the time,
# REDPHONE_BIN names the program. With several workers, Python up to 3.11.7 fails now and then within
# `ast.parse`.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds="${REDPHONE_SCHEMATHESIS_S:-60}"
venv=target/schemathesis
if [ ! -x "$venv/bin/schemathesis" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check 'schemathesis==4.32.5'
fi
. tests/real/server.sh
# Nobody waits a minute for each request that may.
start_server --hold 0s
cd "$place"
failed=0
no_proxy=127.0.0.1 "$OLDPWD/$venv/bin/schemathesis" \
    --config-file "$OLDPWD/tests/real/schemathesis.toml" \
    run openapi.json --url "$url" --header "Authorization: Bearer $token" \
    --exclude-operation-id revoke_token --checks all --phases examples,coverage,fuzzing,stateful --mode all \
    --max-time "$seconds" --workers 1 --no-color ${REDPHONE_SEED:+--seed "$REDPHONE_SEED"} || failed=$?
stop_server
# It also sends wrong tokens and messages that nobody can understand, of which the server warns.
if grep -Ev 'has a token that is not known$|can.t be understood, and is stored as' "$place/err"; then
    echo "the server said the above"
    exit 1
fi
grep -c . "$place/access.jsonl" | sed 's/$/ requests were answered/'
if grep -q '"status":5' "$place/access.jsonl"; then
    grep '"status":5' "$place/access.jsonl" | head -5
    exit 1
fi
exit "$failed"
