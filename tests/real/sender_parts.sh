# What the scripts about senders share: a folder, a server on an empty store, and questions to its API.
# Bash reads this file from the root of the repository. `start_serve ARGS…` sets `url` and `reader`, a
# token that may read.

program="${REDPHONE_BIN:-$PWD/${CARGO_TARGET_DIR:-target}/debug/redphone}"
guide="$PWD/src/docs/guide"
place="$(mktemp -d)" pids=() curl_args=(-sS)
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$place"
}
trap finish EXIT
# Whether standard input has a text. All of it is read: a program whose reader ends early fails, and the
# line with it.
has() {
    local text
    text="$(cat)"
    grep -q "$@" <<<"$text"
}
fail() {
    echo "$1"
    tail -n 20 "$place"/*.err
    exit 1
}
umask 077
export HOME="$place" REDPHONE_STORE="$place/store.db" REDPHONE_USER=ines no_proxy=127.0.0.1,localhost

start_serve() {
    reader="$("$program" token create --name ines --scope respond 2>/dev/null)"
    "$program" serve --listen 127.0.0.1:0 "$@" >"$place/serve.out" 2>"$place/serve.err" &
    pids+=($!)
    until grep -q serving "$place/serve.out"; do
        kill -0 "${pids[0]}" || fail "the server does not run"
        sleep 0.1
    done
    url="$(awk '{ print $NF; exit }' "$place/serve.out")"
}

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
api() { curl "${curl_args[@]}" -H "Authorization: Bearer $reader" "$url$1"; }
# Prints what a Python expression makes of the rows of all incidents.
rows() { api '/v1/incidents?filter=is:any&sort=newest' | python3 -c "import json, sys; rows = json.load(sys.stdin)['rows']; print($1)"; }
until_is() { # WHAT EXPRESSION VALUE
    for _ in $(seq 300); do
        [ "$(rows "$2" 2>/dev/null)" != "$3" ] || return 0
        sleep 0.2
    done
    rows rows
    fail "it does not come about that $1"
}
# An expression: the statuses of the incidents with a title, the last one first.
of_title() { echo "' '.join(row['status'] for row in rows if row['title'] == '$1')"; }
