"""Takes an incident from its declaration to its review with the generated client, and calls every
operation at least once. REDPHONE_URL and REDPHONE_TOKEN say where and as whom."""

import importlib
import os
import pkgutil
import uuid
from datetime import UTC, datetime, timedelta

import redphone_client.api
from redphone_client import AuthenticatedClient, models

URL, TOKEN = os.environ["REDPHONE_URL"], os.environ["REDPHONE_TOKEN"]
client = AuthenticatedClient(base_url=URL, token=TOKEN, raise_on_unexpected_status=True)

# All operations, as the modules of the client.
operations = {
    name.rsplit(".", 1)[1]: name
    for _, name, is_folder in pkgutil.walk_packages(
        redphone_client.api.__path__, "redphone_client.api."
    )
    if not is_folder
}
called = set()


def call(operation, expected=200, **arguments):
    """Calls an operation, checks its status, and returns its response as the client's type."""
    module = importlib.import_module(operations[operation])
    response = module.sync_detailed(client=client, **arguments)
    assert response.status_code == expected, (operation, response.status_code, response.content)
    called.add(operation)
    return response.parsed


def change(incident, verb, **fields):
    """Changes an incident, and returns its row."""
    body = getattr(models, f"{verb.title().replace('_', '')}Request").from_dict(fields)
    outcome = call(f"{verb}_incident", id=incident, body=body, accept_unknown=True)
    assert outcome.events, (verb, outcome)
    return outcome.incident


def declare(title, **fields):
    body = models.NewIncident.from_dict({"title": title, **fields})
    return call("declare_incident", 201, body=body, idempotency_key=uuid.uuid4().hex)


service = call("services")[0]
people = [person.handle for person in call("people")]
teams = [team.name for team in call("teams")]
other_person = next(handle for handle in people if handle != "ines")
on_call = call("on_call")
assert on_call and len(call("schedules")) == len(on_call)
# A team that can be escalated to, and another one.
team = next(policy.team for policy in call("policies") if policy.team != service.team)
other_team = next(name for name in teams if name not in (team, service.team))

declared = declare("Card payments fail", service=service.name, impact="high", urgency="high")
incident, other = declared.label, declare("Logins fail").label
assert call("number", number=incident).id == declared.id
form = models.NewIncidentForm.from_dict({"title": "Sent as a form", "labels": ["eu", "card"]})
assert call("declare_incident", 201, body=form).incident.title == "Sent as a form"

change(incident, "acknowledge")
change(incident, "assign", to=other_person)
change(incident, "own")
change(incident, "role", role="scribe", person=other_person)
change(incident, "role", role="communications", person="ines", ask=True)
change(incident, "answer_role", role="communications")
note = change(incident, "note", text="Rolled back to v811")
change(incident, "correct_note", note=str(note.seq), text="Rolled back to v812")
change(incident, "decision", decision="Fail over", reason="The primary loses writes")
change(incident, "update", message="We are on it", next="30m")
change(incident, "recovery", recovery="2h")
change(incident, "describe", title="Card payments fail at checkout", labels=["eu"])
assert change(incident, "priority", priority="p2", reason="few call").priority.value == "P2"
change(incident, "impact", impact="medium")
change(incident, "urgency", urgency="medium")
change(incident, "category", category="security")
change(incident, "services", services=[service.name, "payments-gateway"])
change(incident, "team", team=team)
change(incident, "escalate", reason="no answer for 10 minutes")
change(incident, "link", to="https://status.example.com/123")
change(incident, "unlink", link="https://status.example.com/123")
change(incident, "snooze", until="4h")
change(incident, "wake")
change(incident, "pause", reason="The provider looks into it")
change(incident, "unpause")
change(incident, "checklist", item="changes", answer="waived", reason="nothing was deployed")
change(incident, "team", team=other_team)
change(incident, "undo")
change(incident, "move", to="monitoring")
change(
    incident, "resolve", action="rollback", detail="back to v811", validation="payments go through"
)
change(incident, "reopen", reason="it is back")
change(
    incident, "resolve", action="rollback", detail="back to v810", validation="payments go through"
)
assert change(incident, "close", all=True).status.value == "closed"
for section in [
    "summary", "timeline", "impact", "root_cause", "resolution", "communication", "gaps",
]:
    change(incident, "review", section=section, text=f"The {section} of it")
change(incident, "action_item", text="Alert on the pool", kind="detect", owner="ines")
# The server has no tracker, and says so.
follow_up = models.FollowUpRequest.from_dict({"item": "1"})
call("follow_up_incident", 422, id=incident, body=follow_up, accept_unknown=True)
change(incident, "submit_review")
change(incident, "return_review", reason="The impact says nothing about refunds")
change(incident, "submit_review")
change(incident, "publish")
third = declare("Logins fail again").label
change(third, "merge", into=other)
change(other, "reclassify", to="false_alarm", reason="the probe was broken")

detail = call("incident", id=incident)
assert detail.incident.status.value == "closed" and detail.incident.review.published_at
timeline = call("timeline", id=incident)
assert timeline[0].kind == "declared", timeline[0]
page = call("incidents", filter_="is:any", limit=5)
assert len(page.rows) == 5 and page.next_
events = call("events", since=(datetime.now(UTC) - timedelta(hours=1)).isoformat(), limit=1000)
assert any(entry.event.kind == "review_published" for entry in events.events)
assert call("events", since=events.cursor).events == []
for operation in ["feed", "change_records", "reviews", "action_items", "linked_problems"]:
    call(operation)
assert call("notifications", incident=incident, states="failed,unreachable").rows == []
assert len(call("similar", id=incident, limit=5).similar) <= 5
change(incident, "impact_began", began="20m")
change(incident, "users_affected", users=1200, share="12.5%", regions=["eu-west"])
change(incident, "reporter", name="Tom Varga", contact="tom@example.org", ticket="T-4711")
change(incident, "reporter", name="Bo Lindqvist")
change(incident, "remove_reporter", reporter="Bo Lindqvist")
change(incident, "redact", reporter="Tom Varga", reason="asked for it")
change(incident, "involve_team", team="network")
change(incident, "release_team", team="network")
change(incident, "attach", content="ZXJyb3IK", name="app.log")
stored = call("incident", id=incident).incident.evidence[0]
assert (stored.name, stored.size) == ("app.log", 6), stored
assert call("evidence", id=str(stored.id)) == b"error\n"
alert = {
    "status": "firing",
    "labels": {"alertname": "HighLatency", "service": "checkout", "severity": "critical"},
    "annotations": {"summary": "Checkout is slow"},
    "startsAt": "2026-03-01T09:00:00Z",
    "fingerprint": "0f0e0d0c0b0a0908",
}
message = {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "r", "alerts": [alert]}
outcome = call("ingest_alertmanager", body=models.AlertmanagerMessage.from_dict(message))
assert outcome.effect.value == "declared" and outcome.alerts.new == 1, outcome
alerted = f"INC-{outcome.number}"
assert len(call("alerts", id=alerted)) == 1
change(alerted, "split", labels=["alertname=HighLatency"])
other_number = call("timeline", id=alerted)[-1].number
assert len(call("alerts", id=f"INC-{other_number}")) == 1
change(f"INC-{other_number}", "move_alerts", into=alerted, keys=["0f0e0d0c0b0a0908"])
assert len(call("alerts", id=alerted)) == 1
assert call("waiting_alerts").total == 0
change(alerted, "mark_noise", reason="It ends by itself")
cried = call("noise").rows
assert [(row.check, row.noise, row.led) for row in cried] == [("HighLatency", 1, 0)], cried
change(alerted, "clear_noise")
change(f"INC-{other_number}", "fold", under=alerted)
change(f"INC-{other_number}", "unfold")
heartbeats = call("heartbeats")
assert heartbeats[0].name == "backup" and heartbeats[0].interval_s == 86400, heartbeats
assert call("beat", name="backup").effect.value == "unchanged"
# The server has no channels, so that a contact names none that it knows.
call("change_contacts", 422, person="ines", body=models.ContactChangeRequest.from_dict(
    {"add": {"name": "phone", "channel": "sms", "address": "+4915112345678"}}
))
quiet = models.ContactChangeRequest.from_dict({"quiet": {"from": "22:00", "to": "07:00"}})
assert call("change_contacts", person="ines", body=quiet).quiet.to == "07:00"
assert [person.person for person in call("contacts")] == ["ines"]
call("test_contacts", person="ines", body=models.ContactTestRequest.from_dict({}))
# A maintenance window, from its preview to its end.
planned = {
    "title": "Pool", "filter": {"services": ["checkout"]}, "from": "2030-03-01T01:00:00Z",
    "until": "2030-03-01T02:00:00Z",
}
new_window = models.NewWindow.from_dict(planned)
assert call("preview_maintenance", body=new_window).total >= 0
window = call("create_maintenance", 201, body=new_window)
assert call("maintenance_window", id=window.id).title == "Pool"
assert [one.id for one in call("maintenance")] == [window.id]
renamed = models.NewWindow.from_dict({**planned, "title": "Other"})
changed = call("change_maintenance", id=window.id, revision=1, body=renamed)
assert changed.revision == 2 and call("end_maintenance", id=window.id).ended_at, changed
assert call("muted") == []
# A problem, from its record to its end.
new_problem = models.NewProblem.from_dict({"title": "Pool too small", "incidents": [incident]})
entry = call("create_problem", 201, body=new_problem)
assert entry.incident_count == 1 and entry.problem.revision == 1, entry
removed = models.ProblemPatch.from_dict({"state": "removed"})
changed = call("change_problem", id=entry.problem.id, revision=1, body=removed)
assert changed.problem.revision == 2 and changed.problem.removed_at, changed
assert call("problem", id=entry.problem.id).incidents[0].id == declared.id
assert call("suspicions", limit=5) is not None
assert call("unknown_services") == [] or call("unknown_services")[0].name
message = {"heartbeat": {"status": 0, "msg": "timeout"}, "monitor": {"id": 3, "name": "Shop"}}
mapped = call("ingest_named", name="uptime-kuma", body=message)
assert [outcome.effect.value for outcome in mapped.outcomes] == ["declared"], mapped
# What can't be understood is stored, and can be read again and removed.
refused = client.get_httpx_client().post("/v1/ingest/alertmanager", content=b"{")
assert refused.status_code == 400, refused.content
letter = call("dead_letters").letters[0]
assert call("dead_letter", number=letter.number).message == "{"
call("replay_dead_letter", 422, number=letter.number)
assert call("remove_dead_letter", number=letter.number).reason == letter.reason
for operation in ["capabilities", "directory", "problems", "changes", "health", "ready", "metrics"]:
    call(operation)
call("openapi")
now = datetime.now(UTC)
assert call("measures", from_=now - timedelta(days=7), to=now).window
pages = call("measure_pages", from_=now - timedelta(days=7), to=now, by="service,team")
assert [cut.by for cut in pages.cuts] == ["service", "team"] and pages.now.mtta, pages
order = {
    "id": str(uuid.uuid4()),
    "at": now.isoformat(),
    "command": {
        "incident": {
            "incident": str(declared.id),
            "ask": {"do": "add_note", "text": "by a command"},
        },
    },
}
answers = call("commands", body=models.Orders.from_dict({"commands": [order]}))
assert answers.refused == 0, answers

# Administration, with entries of its own. The tokens of the server are recorded, too.
before = len(call("administration").rows)
entries = {
    "person": ("Person", {"handle": "amara", "name": "Amara Rahal"}),
    "team": ("Team", {"name": "payouts", "members": ["amara", "ines"]}),
    "service": ("Service", {"name": "payout-api", "team": "payouts", "depends_on": []}),
    "schedule": (
        "Schedule",
        {"team": "payouts", "rotation": ["amara"], "starts_at": "2026-03-02T00:00:00Z", "turn_s": 86400},
    ),
    "policy": (
        "Policy",
        {"team": "payouts", "levels": [{"after_s": 0, "call": [{"person": "amara"}]}]},
    ),
}
keys = {"person": "handle", "team": "name", "service": "name", "schedule": "team", "policy": "team"}
for kind, (schema, fields) in entries.items():
    body = next(
        getattr(models, name)
        for name in (f"{schema}Input", f"{schema}RefInput", schema)
        if hasattr(models, name)
    ).from_dict(fields)
    named = {keys[kind]: fields[keys[kind]]}
    assert call(f"put_{kind}", 201, body=body, **named).event
    assert call(kind, **named)
span = {"person": "ines", "from": "2030-01-01T00:00:00Z", "to": "2030-01-02T00:00:00Z"}
body = (getattr(models, "OverrideInput", None) or models.Override).from_dict(span)
assert call("add_override", team="payouts", body=body).event
call(
    "remove_override",
    team="payouts",
    person="ines",
    from_=datetime(2030, 1, 1, tzinfo=UTC),
    to=datetime(2030, 1, 2, tzinfo=UTC),
)
swap = {"from": "2030-02-01T00:00:00Z", "to": "2030-02-02T00:00:00Z", "person": "amara"}
body = models.CoverRequest.from_dict(swap)
cover = call("request_cover", team="payouts", body=body).event
covers = call("directory").covers
assert [cover.state.value for cover in covers] == ["open"], covers
body = models.CoverPerson.from_dict({"person": "amara"})
assert call("withdraw_cover", id=covers[0].id, body=body).event
body = models.CoverPerson.from_dict({"person": "ines"})
call("accept_cover", 409, id=covers[0].id, body=body)
call("decline_cover", 409, id=covers[0].id, body=body)
body = models.CalendarLinkRequest.from_dict({"schedule": "payouts", "person": "ines"})
link = call("create_calendar_link", body=body)
assert link.path.startswith("/calendar/") and link.path.endswith(".ics"), link
links = call("directory").calendar_links
call("revoke_calendar_link", id=links[-1].id)
for kind in reversed(entries):
    assert call(f"remove_{kind}", **{keys[kind]: entries[kind][1][keys[kind]]}).event
token = call(
    "create_token", 201, body=models.NewTokenRequest.from_dict({"name": "x", "scope": "read"})
)
assert call("revoke_token", id=token.token.id).revoked_at
assert len(call("tokens")) >= 2
assert len(call("administration").rows) == before + 18

missing = sorted(set(operations) - called)
assert not missing, f"not called: {missing}"
print(f"{len(called)} operations were called; {incident} was declared, closed and reviewed")
