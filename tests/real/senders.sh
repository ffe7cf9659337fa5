#!/usr/bin/env bash
# The libraries `pagerduty`, `opsgenie-sdk` and `@pagerduty/pdjs` send alerts here, over TLS and with an
# integration key. They are pinned, come from PyPI and npm, and are in target/senders; Node is a wheel.
# REDPHONE_BIN names the program.
set -euo pipefail
cd "$(dirname "$0")/../.."
sources="$PWD/tests/real/senders" tools="$PWD/target/senders"

mkdir -p "$tools"
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
cp "$sources/pdjs.js" "$tools/"
flock -u 9

. tests/real/sender_parts.sh
cd "$place"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=test authority" \
    -keyout ca.key -out ca.pem 2>openssl.log
openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout leaf.key -out leaf.csr 2>>openssl.log
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' >leaf.ext
openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile leaf.ext \
    -out leaf.pem 2>>openssl.log

key="$("$program" integration create Libraries 2>/dev/null | tail -n 1)"
start_serve --tls-cert leaf.pem --tls-key leaf.key
export SSL_CERT_FILE="$place/ca.pem" REDPHONE_KEY="$key" REDPHONE_TOKEN="$reader"
REDPHONE_URL="https://localhost:${url##*:}" "$tools/venv/bin/python" "$sources/libraries.py" || fail "a library fails"
REDPHONE_URL="https://localhost:${url##*:}" NODE_EXTRA_CA_CERTS="$place/ca.pem" node "$tools/pdjs.js" ||
    fail "pdjs fails"
! grep -q "$key" serve.err || fail "the key is in the log"
