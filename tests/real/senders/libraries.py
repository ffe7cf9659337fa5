"""Sends alerts by the libraries of PagerDuty and Opsgenie, unchanged but for the address: REDPHONE_URL and
REDPHONE_KEY say where and by which key, REDPHONE_TOKEN reads what became of them."""

import json
import os
import urllib.request
from datetime import datetime, timezone

import opsgenie_sdk
import pagerduty

URL, KEY = os.environ["REDPHONE_URL"], os.environ["REDPHONE_KEY"]


def read(path):
    request = urllib.request.Request(URL + path)
    request.add_header("Authorization", "Bearer " + os.environ["REDPHONE_TOKEN"])
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def statuses(title):
    rows = read("/v1/incidents?filter=is:any")["rows"]
    return [row["status"] for row in rows if row["title"] == title]


def expect(found, expected):
    assert found == expected, f"{found} is not {expected}"


def events():
    client = pagerduty.EventsApiV2Client(KEY, base_url=URL)
    title = "The disk of db1 is full"
    for _ in range(2):
        key = client.trigger(title, "db1", dedup_key="db1/disk", severity="critical",
                             custom_details={"service": "checkout", "free": 0})
        expect(key, "db1/disk")
    expect(statuses(title), ["triggered"])
    client.acknowledge("db1/disk")
    expect(statuses(title), ["acknowledged"])
    client.resolve("db1/disk")
    expect(statuses(title), ["monitoring"])
    made = client.trigger("Without a key", "db1", severity="info")
    client.resolve(made)
    expect(statuses("Without a key"), ["resolved"])
    # Its own time is broken: datetime.datetime has no timezone.
    now = datetime.now(tz=timezone.utc).isoformat()
    client.submit("checkout v812", "builds", custom_details={"service": "checkout"}, timestamp=now)
    changes = read("/v1/change-records")["rows"]
    assert "checkout v812" in json.dumps(changes), changes


def alerts():
    configuration = opsgenie_sdk.Configuration()
    configuration.host = URL
    configuration.api_key["Authorization"] = KEY
    configuration.ssl_ca_cert = os.environ["SSL_CERT_FILE"]
    client = opsgenie_sdk.ApiClient(configuration=configuration)
    api = opsgenie_sdk.AlertApi(api_client=client)
    title = "The backup of db1 failed"
    payload = opsgenie_sdk.CreateAlertPayload(
        message=title, alias="db1/backup", priority="P1", tags=["env:prod"],
        details={"service": "checkout"}, description="0 bytes were written")
    for _ in range(2):
        answer = api.create_alert(create_alert_payload=payload)
        expect(answer.result, "Request will be processed")
        assert answer.request_id
    expect(statuses(title), ["triggered"])
    of_alias = {"identifier": "db1/backup", "identifier_type": "alias"}
    api.acknowledge_alert(acknowledge_alert_payload=opsgenie_sdk.AcknowledgeAlertPayload(), **of_alias)
    expect(statuses(title), ["acknowledged"])
    api.add_note(add_note_to_alert_payload=opsgenie_sdk.AddNoteToAlertPayload(note="x"), **of_alias)
    found = api.get_alert(**of_alias).data
    expect((found.message, found.status, found.acknowledged), (title, "open", True))
    expect(found.description, "0 bytes were written")
    # A key reads no notes, a token of people does.
    reader = opsgenie_sdk.Configuration()
    reader.host, reader.ssl_ca_cert = URL, os.environ["SSL_CERT_FILE"]
    reader.api_key = {"Authorization": os.environ["REDPHONE_TOKEN"]}
    people = opsgenie_sdk.AlertApi(api_client=opsgenie_sdk.ApiClient(configuration=reader))
    expect([note.note for note in people.list_notes(**of_alias).data], ["x"])
    query = "status: open AND alias: db1*"
    expect([one.id for one in api.list_alerts(query=query).data], [found.id])
    expect(api.count_alerts(query=query).data.count, 1)
    api.close_alert(close_alert_payload=opsgenie_sdk.CloseAlertPayload(), **of_alias)
    expect(api.list_alerts(query=query).data, [])
    heartbeats = opsgenie_sdk.HeartbeatApi(api_client=client).list_heart_beats()
    expect(heartbeats.data.heartbeats, [])
    expect(statuses(title), ["monitoring"])
    # An alert without an alias is named by the id that its request leads to.
    answer = api.create_alert(create_alert_payload=opsgenie_sdk.CreateAlertPayload(message="Without an alias"))
    status = api.get_request_status(answer.request_id)
    api.delete_alert(status.data.alert_id)
    expect(statuses("Without an alias"), ["resolved"])


events()
alerts()
print("the libraries are understood")
