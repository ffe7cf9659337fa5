#!/usr/bin/env bash
# A real Prometheus (Debian's package) sends alerts here as to an Alertmanager, with the settings of the page
# `redphone help prometheus`: one ends by its rule, one because Prometheus is gone. amtool adds and queries
# alerts. A real Alertmanager sends to the forms of PagerDuty and Opsgenie, with the settings of their pages.
# REDPHONE_BIN names the program.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/real/sender_parts.sh
cd "$place"

"$program" token create --name Prometheus --scope ingest 2>/dev/null >prometheus.token
"$program" integration create Disks 2>/dev/null | tail -n 1 | tr -d '\n' >redphone.key
[ "$(wc -c <redphone.key)" = 32 ] || fail "an integration key has not 32 characters"
start_serve
address="${url#http://}"

settings() { # PAGE BEGIN: the indented lines of a page from one that begins with a text
    awk -v begin="    $2" 'index($0, begin) == 1 { on = 1 } on && !/^(    |$)/ { exit } on && /^$/ { exit } on { print substr($0, 5) }' \
        "$guide/$1.md"
}

# Prometheus, with an alert that its rule ends and one that it does not.
settings prometheus alerting: |
    sed "s|scheme: https|scheme: http|; s|redphone.example.com:7373|$address|; s|/etc/prometheus/redphone.token|$place/prometheus.token|" \
        >prometheus.yml
grep -q "$address" prometheus.yml || fail "the page has no settings"
cat >>prometheus.yml <<END
global: {evaluation_interval: 1s}
rule_files: [rules.yml]
END
ends="$(($(date +%s) + 20))"
cat >rules.yml <<END
groups:
  - name: test
    rules:
      - {alert: Ends, expr: "vector(time()) < $ends", labels: {service: checkout, severity: critical},
         annotations: {summary: The disk of db1 is full}}
      - {alert: Stays, expr: vector(1), labels: {service: cart, severity: warning}}
END
promtool check config prometheus.yml >check.err 2>&1 || fail "the settings of the page are wrong"
prometheus --config.file prometheus.yml --storage.tsdb.path data --web.listen-address "127.0.0.1:$(port)" \
    --rules.alert.resend-delay 1s >prometheus.err 2>&1 &
pids+=($!) prometheus=$!
until_is "an alert declares an incident" "$(of_title 'The disk of db1 is full')" triggered
until_is "the other one does" "$(of_title 'Stays (service=cart)')" triggered
until_is "the rule ends it" "$(of_title 'The disk of db1 is full')" resolved
[ "$(rows "$(of_title 'Stays (service=cart)')")" = triggered ] || fail "both ended"
kill -KILL "$prometheus"
until_is "what is not repeated ends" "$(of_title 'Stays (service=cart)')" resolved
[ "$(rows 'len(rows)')" = 2 ] || fail "there are other incidents than two"

# amtool, as at an Alertmanager.
printf 'authorization:\n  type: Bearer\n  credentials: "%s"\n' "$reader" >amtool.yml
am() { amtool --alertmanager.url="$url" --http.config.file=amtool.yml "$@"; }
am alert add alertname=Manual service=checkout instance=db1 --annotation=summary="By hand" 2>amtool.err ||
    fail "amtool can't add an alert"
am alert add alertname=Manual service=checkout instance=db2 2>>amtool.err || fail "amtool can't add another"
until_is "an alert of amtool declares an incident" "$(of_title 'By hand')" triggered
am alert query -o json alertname=Manual >found.json 2>>amtool.err || fail "amtool can't query alerts"
[ "$(python3 -c 'import json; print(len(json.load(open("found.json"))))')" = 2 ] || fail "amtool does not find both"
am alert query 'instance=~"db[2-9]"' 2>>amtool.err | has Manual || fail "amtool finds nothing by a pattern"
! am alert query alertname=Other 2>>amtool.err | has Manual || fail "amtool finds what does not match"
silence="$(am silence add instance=db1 alertname=~Man.* --author=ines --comment='The pool is replaced' 2>>amtool.err)" ||
    fail "amtool can't add a silence"
am silence query -q instance=db1 2>>amtool.err | has "$silence" || fail "amtool does not find its silence"
am alert query --silenced -o json instance=db1 2>>amtool.err | has "$silence" || fail "the alert is not silenced"
am silence update --duration=3h --comment='The pools are replaced' "$silence" 2>>amtool.err || fail "amtool can't change it"
am silence query 2>>amtool.err | has 'The pools are replaced' || fail "the silence is not changed"
am silence expire $(am silence query -q 2>>amtool.err) 2>>amtool.err || fail "amtool can't end a silence"
[ -z "$(am silence query -q 2>>amtool.err)" ] || fail "a silence has not ended"
am config show 2>>amtool.err | has redphone || fail "amtool can't show the state"
[ "$(am config routes test alertname=Manual 2>>amtool.err)" = redphone ] || fail "amtool finds no route"
! am alert query --inhibited 2>>amtool.err | has Manual || fail "amtool finds an alert that nothing inhibits"
# The end is of full seconds, and must not lie before the start.
sleep 2
am alert add alertname=Manual service=checkout instance=db1 --end="$(date -u +%Y-%m-%dT%H:%M:%SZ)" 2>>amtool.err
am alert add alertname=Manual service=checkout instance=db2 --end="$(date -u +%Y-%m-%dT%H:%M:%SZ)" 2>>amtool.err
until_is "both are resolved" "$(of_title 'By hand')" resolved

# An Alertmanager whose receivers are PagerDuty and Opsgenie.
for page in pagerduty opsgenie; do
    settings "$page" receivers: |
        sed "s|https://redphone.example.com:7373|$url|; s|/etc/alertmanager/redphone.key|$place/redphone.key|; s|name: redphone|name: $page|"
done | awk '!/^receivers:/ || !seen++' >alertmanager.yml
cat >>alertmanager.yml <<END
route:
  receiver: pagerduty
  group_by: [alertname]
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 2s
  routes:
    - {receiver: pagerduty, continue: true}
    - {receiver: opsgenie}
END
amtool check-config alertmanager.yml >check.err 2>&1 || fail "the settings of the pages are wrong"
manager="127.0.0.1:$(port)"
prometheus-alertmanager --config.file alertmanager.yml --storage.path am --web.listen-address "$manager" \
    --cluster.listen-address= >alertmanager.err 2>&1 &
pids+=($!)
fire() {
    for _ in $(seq 100); do
        if amtool --alertmanager.url "http://$manager" alert add "$@" 2>>amtool.err; then return; fi
        sleep 0.2
    done
    fail "amtool can't add an alert"
}
before="$(rows 'len(rows)')"
fire alertname=Relayed service=checkout instance=db1
new="rows[:len(rows) - $before]"
until_is "each receiver declares an incident" "' '.join(row['status'] for row in $new)" "triggered triggered"
sleep 5
[ "$(rows "len($new)")" = 2 ] || fail "repeats declare incidents"
fire alertname=Relayed service=checkout instance=db1 --end="$(date -u +%Y-%m-%dT%H:%M:%SZ)"
until_is "both are resolved" "' '.join(row['status'] for row in $new)" "resolved resolved"
! grep -q "$(cat redphone.key)" serve.err || fail "the key is in the log"
