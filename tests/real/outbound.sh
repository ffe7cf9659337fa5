#!/usr/bin/env bash
# Sends test messages to a real mail server with STARTTLS (aiosmtpd), and to a receiver of webhooks
# that verifies signatures with the library of Standard Webhooks. Both are pinned, come from PyPI, and
# are kept in target/outbound.
set -euo pipefail
cd "$(dirname "$0")/../.."
sources="$PWD/tests/real/outbound" tools="$PWD/target/outbound"
program="${REDPHONE_BIN:-$PWD/${CARGO_TARGET_DIR:-target}/debug/redphone}"

mkdir -p "$tools"
exec 9>"$tools/lock"
flock 9
if ! cmp -s "$sources/requirements.txt" "$tools/requirements.txt"; then
    python3 -m venv "$tools/venv"
    "$tools/venv/bin/pip" install --quiet --disable-pip-version-check -r "$sources/requirements.txt"
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
cd "$place"
umask 077
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=test authority" \
    -keyout ca.key -out ca.pem 2>openssl.log
openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout leaf.key -out leaf.csr 2>>openssl.log
printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' >leaf.ext
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile leaf.ext \
    -out leaf.pem 2>>openssl.log
openssl rand -hex 24 >mail.secret
echo "whsec_$(openssl rand -base64 32)" >hook.old
echo "whsec_$(openssl rand -base64 32)" >hook.secret
cp hook.secret receiver.secret

"$tools/venv/bin/python" "$sources/receivers.py" "$place" >receivers.out 2>&1 &
server=$!
until [ -e ports ]; do
    kill -0 "$server" || { cat receivers.out; exit 1; }
    sleep 0.1
done
read -r mail hook <ports

settings() { # MAIL_URL PASSWORD_FILE ADDRESS HOOK_SECRET
    cat >config.toml <<END
[outbound]
private_hosts = ["localhost"]
ca_file = "ca.pem"
[channels.mail]
kind = "email"
url = "$1"
from = "redphone <redphone@example.org>"
user = "redphone"
secret_file = "$2"
[channels.hook]
kind = "webhook"
url = "https://localhost:$hook/redphone"
secret_file = "$4"
old_secret_file = "hook.old"
[[contacts]]
person = "ines"
ways = [
    { name = "mail", channel = "mail", address = "$3" },
    { name = "hook", channel = "hook", address = "ines" },
]
END
}
contact() { HOME="$place" "$program" --config config.toml contact test ines "$@" --json; }
expect() { # OUTCOME FILE
    grep -q "\"outcome\":\"$1\"" "$2" || { echo "not $1:"; cat "$2" received receivers.out; exit 1; }
    ! grep -qFf <(cat mail.secret wrong.secret hook.secret 2>/dev/null) "$2" || { echo "a secret is in $2"; exit 1; }
}

echo wrong-password >wrong.secret
settings "smtp://localhost:$mail" mail.secret ines@example.org hook.secret
contact mail >sent; expect sent sent
contact hook >hooked; expect sent hooked
grep -q '"kind": "mail", "to": \["ines@example.org"\], "tls": true, "authenticated": true' received
grep -q 'Message-ID: <' received
grep -q '"kind": "hook", "type": "incident.test", "address": "ines"' received

# While its secret is replaced: the receiver has the old one.
echo "whsec_$(openssl rand -base64 32)" >next.secret
cp hook.secret hook.old
settings "smtp://localhost:$mail" mail.secret ines@example.org next.secret
contact hook >rotated; expect sent rotated

settings "smtp://localhost:$mail" mail.secret nobody@example.org hook.secret
if contact mail >unknown 2>&1; then echo "an unknown address was accepted"; exit 1; fi
expect permanent unknown
settings "smtp://localhost:$mail" wrong.secret ines@example.org hook.secret
if contact mail >refused 2>&1; then echo "a wrong password was accepted"; exit 1; fi
expect permanent refused
# A certificate that nobody vouches for.
sed -i '/^ca_file/d' config.toml
if contact >untrusted 2>&1; then echo "an unknown authority was trusted"; exit 1; fi
expect temporary untrusted
[ "$(wc -l <received)" = 3 ] || { echo "more arrived:"; cat received; exit 1; }
