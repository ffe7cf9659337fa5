# A real server over the demo's store, for the scripts beside this one. Bash reads this file from the
# root of the repository. `start_server ARGS…` sets `url`, `token` (of scope admin) and `place`, a
# folder that is removed at the end; `stop_server` ends it.

program="${REDPHONE_BIN:-$PWD/${CARGO_TARGET_DIR:-target}/debug/redphone}"
place="$(mktemp -d)"
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$place"
}
trap finish EXIT

start_server() {
    export REDPHONE_STORE="$place/store.db" REDPHONE_USER=ines
    # Next to what is described there must be something to call it with.
    if [ -z "${REDPHONE_CONFIG:-}" ]; then
        printf '[heartbeats.backup]\ninterval = "1d"\n' >"$place/config.toml"
        export REDPHONE_CONFIG="$place/config.toml"
    fi
    HOME="$place" "$program" demo --seed-only --incidents 200 --keep "$REDPHONE_STORE" >"$place/demo"
    token="$(HOME="$place" "$program" token create --name ines --scope admin --expires 1d 2>/dev/null)"
    HOME="$place" "$program" serve --listen 127.0.0.1:0 --requests-a-minute 4000000000 \
        --access-log "$place/access.jsonl" "$@" >"$place/out" 2>"$place/err" &
    server=$!
    # A shell can't wait for a line in a file.
    until grep -q 'serving' "$place/out"; do
        kill -0 "$server" || { cat "$place/err"; exit 1; }
        sleep 0.1
    done
    url="$(awk '{ print $NF; exit }' "$place/out")"
    "$program" serve --print-openapi >"$place/openapi.json"
}

stop_server() {
    kill -TERM "$server"
    wait "$server" || { echo "the server did not end in peace"; cat "$place/err"; exit 1; }
    server=
}
