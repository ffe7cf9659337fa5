#!/usr/bin/env bash
# An incident from declared to acknowledged by the link of its message, in a real headless browser of the
# size of a phone (Debian's chromium, by WebDriver), and one by a text message that Twilio's own library has
# signed. Pictures of the pages are in target/answers. REDPHONE_BIN names the program.
set -euo pipefail
cd "$(dirname "$0")/../.."
sources="$PWD/tests/real/answers" tools="$PWD/target/answers"
program="${REDPHONE_BIN:-$PWD/${CARGO_TARGET_DIR:-target}/debug/redphone}"

mkdir -p "$tools"
exec 9>"$tools/lock"
flock 9
if ! cmp -s "$sources/requirements.txt" "$tools/requirements.txt"; then
    python3 -m venv "$tools/venv"
    # Its validator needs none of the libraries that the rest of it does.
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$sources/requirements.txt"
    cp "$sources/requirements.txt" "$tools/"
fi
flock -u 9

place="$(mktemp -d)" server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$place"
}
trap finish EXIT
fail() {
    echo "$1"
    tail -n 20 "$place"/serve.err
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
export HOME="$place" REDPHONE_STORE="$place/store.db" REDPHONE_CONFIG="$place/config.toml" no_proxy=127.0.0.1

port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
url="http://127.0.0.1:$port" account=AC00000000000000000000000000000000 secret=0123456789abcdef0123456789abcdef
echo "$secret" >twilio.secret
cat >page.sh <<END
#!/bin/sh
cat >"$place/message.new"
mv "$place/message.new" "$place/message.json"
END
chmod +x page.sh
cat >config.toml <<END
user = "tom"
public_url = "$url"
[[people]]
handle = "ines"
name = "Ines Moreau"
[[people]]
handle = "tom"
name = "Tom Varga"
[[teams]]
name = "payments"
members = ["ines", "tom"]
[[services]]
name = "checkout"
team = "payments"
[[policies]]
team = "payments"
levels = [{ after = "0m", call = ["ines"] }]
[channels.pager]
kind = "command"
run = ["$place/page.sh"]
[channels.sms]
kind = "twilio_sms"
account = "$account"
from = "+4930123456"
secret_file = "twilio.secret"
[[contacts]]
person = "ines"
ways = [
    { name = "pager", channel = "pager" },
    { name = "phone", channel = "sms", address = "+49 151 12345678" },
]
urgent = [{ contact = "pager" }]
rest = [{ contact = "pager" }]
END
"$program" config check >check.out || { cat check.out; exit 1; }
"$program" token create --name tom --scope respond >/dev/null 2>&1
"$program" serve --listen "127.0.0.1:$port" >serve.out 2>serve.err &
server=$!
until grep -q serving serve.out; do
    kill -0 "$server" || fail "the server does not run"
    sleep 0.1
done

declare_incident() { # TITLE: waits for the message, and prints the URL of its first action
    rm -f message.json
    "$program" declare --title "$1" --service checkout --impact high --urgency high >declared
    for _ in $(seq 300); do
        [ ! -e message.json ] || break
        sleep 0.1
    done
    [ -e message.json ] || fail "no message is sent about $1"
    python3 -c 'import json; print(json.load(open("message.json"))["data"]["actions"][0]["url"])'
}

link="$(declare_incident 'Card payments <b>fail</b> & nobody can pay')"
case "$link" in "$url"/a/?????????????????????????) ;; *) fail "the link is $link" ;; esac
# Programs that examine mails follow links.
for _ in 1 2 3; do
    curl -fsS "$link" >/dev/null
    curl -fsSI "$link" >head
done
grep -qi '^cache-control: no-store' head || fail "the page may be stored"
"$program" show INC-1 | has -i triggered || fail "a GET has changed something"

sandbox=()
[ "$(id -u)" != 0 ] || sandbox=(--no-sandbox)
python3 "$sources/browser.py" "$link" "$tools" "${sandbox[@]}" >page.txt || { cat page.txt; fail "the browser fails"; }
for part in 'INC-1 P1' 'Card payments <b>fail</b> & nobody can pay' 'nobody yet' 'Acknowledge' \
    'INC-1 is acknowledged by Ines Moreau'; do
    grep -qF "$part" page.txt || { cat page.txt; fail "the page does not have: $part"; }
done
"$program" events --json >events
grep -q '"acknowledged"' events && grep -q 'by link' events || fail "the timeline does not have it"
[ "$(curl -s -o ended -w '%{http_code}' "$link")" = 410 ] || fail "the link has not ended"

# The secret is nowhere but in the message.
"$program" export >export.jsonl 2>/dev/null
"$program" notifications --json >notifications.jsonl
! grep -rqF "${link##*/}" serve.err serve.out export.jsonl notifications.jsonl events store.db* ||
    fail "the token of the link is stored or logged"

declare_incident 'Logins fail' >/dev/null
"$tools/venv/bin/python" "$sources/deliver.py" "$url/v1/replies/twilio" "$secret" "$account" +4915112345678 2a >sms ||
    { cat sms; fail "the text message is not answered"; }
grep -q 'INC-2 is acknowledged by Ines Moreau' sms || { cat sms; fail "the text message did nothing"; }
"$program" events --json | has 'by SMS' || fail "the timeline does not have the text message"
