#!/usr/bin/env bash
# Lets a real Alertmanager (Debian's package) send its webhook to a real server, with the settings of the
# page `redphone help alertmanager`: alerts of amtool declare an incident, are counted, and resolve it.
# A second Alertmanager sends the same. REDPHONE_BIN names the program.
set -euo pipefail
cd "$(dirname "$0")/../.."
program="${REDPHONE_BIN:-$PWD/${CARGO_TARGET_DIR:-target}/debug/redphone}"
page="$PWD/src/docs/guide/alertmanager.md"

place="$(mktemp -d)" pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$place"
}
trap finish EXIT
fail() {
    echo "$1"
    tail -n 20 "$place"/*.err
    exit 1
}
# Whether standard input has a text. All of it is read: a program whose reader ends early fails, and the
# line with it.
has() {
    local text
    text="$(cat)"
    grep -q "$@" <<<"$text"
}
cd "$place"
umask 077
export HOME="$place" REDPHONE_STORE="$place/store.db" REDPHONE_USER=ines no_proxy=127.0.0.1

"$program" token create --name Alertmanager --scope ingest 2>/dev/null >redphone.token
reader="$("$program" token create --name ines --scope respond 2>/dev/null)"
"$program" serve --listen 127.0.0.1:0 >serve.out 2>serve.err &
pids+=($!)
until grep -q serving serve.out; do
    kill -0 "${pids[0]}" || fail "the server does not run"
    sleep 0.1
done
url="$(awk '{ print $NF; exit }' serve.out)"

# The settings are those of the page, with this address and token, and without its patience.
sed -n '/^    receivers:/,/^$/s/^    //p' "$page" |
    sed "s|https://redphone.example.com:7373|$url|; s|/etc/alertmanager/redphone.token|$place/redphone.token|" \
        >alertmanager.yml
printf '  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 2s\n' >>alertmanager.yml
grep -q "$url/v1/ingest/alertmanager" alertmanager.yml || fail "the page has no settings"
amtool check-config alertmanager.yml >check.err || fail "the settings of the page are wrong"

port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
managers=()
for name in one two; do
    address="127.0.0.1:$(port)"
    # Without a cluster both send everything, as members do that have lost each other.
    prometheus-alertmanager --config.file alertmanager.yml --storage.path "$name" \
        --web.listen-address "$address" --cluster.listen-address= >"$name.err" 2>&1 &
    pids+=($!)
    managers+=("http://$address")
done

api() { curl -sS -H "Authorization: Bearer $reader" "$url$1"; }
field() { python3 -c 'import json, sys; v = json.load(sys.stdin)
for part in sys.argv[1].split("."): v = v[int(part)] if isinstance(v, list) else v.get(part, "")
print(v)' "$1" 2>/dev/null || true; }
until_is() { # WHAT PATH FIELD VALUE
    for _ in $(seq 300); do
        [ "$(api "$2" | field "$3")" != "$4" ] || return 0
        sleep 0.2
    done
    api "$2"
    fail "it does not come about that $1"
}
fire() { # ARGS…: the same alert at both
    for manager in "${managers[@]}"; do
        for _ in $(seq 100); do
            if amtool --alertmanager.url "$manager" alert add "$@" 2>>amtool.err; then continue 2; fi
            sleep 0.2
        done
        fail "amtool can't add an alert"
    done
}

start="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
disk=(alertname=DiskFull service=checkout severity=critical instance=db1 --start="$start"
    --annotation=summary="The disk of db1 is full")
fire "${disk[@]}"
until_is "an incident is declared" /v1/incidents/1 incident.title "The disk of db1 is full"
until_is "the priority follows" /v1/incidents/1 incident.priority P1
fire alertname=DiskFull service=checkout severity=critical instance=db2 --start="$start"
until_is "a new alert is counted" /v1/incidents/1 incident.alerts 2
for _ in $(seq 300); do
    [ "$(api /v1/incidents/1/alerts | field 0.count)" -lt 4 ] || break
    sleep 0.2
done
[ "$(api /v1/incidents/1/alerts | field 0.count)" -ge 4 ] || fail "repeats are not counted"
before="$(api /v1/incidents/1 | field incident.seq)"

end="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
fire "${disk[@]}" --end="$end"
until_is "one alert is resolved" /v1/incidents/1/alerts 1.state resolved
[ "$(api /v1/incidents/1 | field incident.status)" = triggered ] || fail "it ended with one alert"
[ "$(api /v1/incidents/1 | field incident.seq)" = "$before" ] || fail "repeats are on the timeline"
fire alertname=DiskFull service=checkout severity=critical instance=db2 --start="$start" --end="$end"
until_is "the incident is resolved" /v1/incidents/1 incident.status resolved

# It fires again: another incident, and only one of it.
fire alertname=DiskFull service=checkout severity=critical instance=db1
until_is "it fires again" /v1/incidents/2 incident.status triggered
sleep 3
[ "$(api '/v1/incidents?filter=is:any' | field total)" = 2 ] ||
    [ "$(api '/v1/incidents?filter=is:any' | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["rows"]))')" = 2 ] ||
    fail "there are other incidents than two"
"$program" show INC-2 | has 'Alert  *firing' || fail "show does not have the alert"
