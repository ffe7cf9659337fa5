"""Every command, in an order in which all of them are carried out: 34 verbs, every status."""

from seed import PEOPLE, Story, action, change, incident, problem, uid

INES, TOM, AKIKO, ZOE = PEOPLE
FOREVER = "2100-01-01T00:00:00Z"


def changes_and_problems(story):
    for number, (kind, state) in enumerate(
        [
            ("deploy", "planned"), ("deploy", "running"), ("config_edit", "done"),
            ("migration", "failed"), ("other", "rolled_back"),
        ],
        1,
    ):
        by = {"person": TOM} if number % 2 else {"integration": "Deployer"}
        yield f"record_change {kind} {state}", story.order(
            {
                "record_change": {
                    "id": change(number), "kind": kind, "title": f"Änderung {number}: ledger v8{number}",
                    "services": ["ledger"] if number < 4 else ["cdn", "checkout"], "by": by,
                    "starts_at": "2026-03-01T21:00:00Z",
                    "ends_at": None if state in ("planned", "running") else "2026-03-01T22:10:00Z",
                    "state": state,
                }
            }
        )
    for number, state in enumerate(["open", "known_error", "removed"], 1):
        yield f"record_problem {state}", story.order(
            {
                "record_problem": {
                    "id": problem(number), "title": f"Connection pool runs dry ({number})",
                    "state": state, "services": ["checkout", "ledger"],
                    "cause": "" if number == 1 else "Pool of 20 for 40 workers\nsince v811",
                    "workaround": "Restart one of two" if number > 1 else "",
                    "opened_at": "2026-02-20T10:00:00Z",
                }
            }
        )


def life(story):
    """One incident from its report to its review, by everything that can be asked about it."""
    one = lambda do, **more: (do, story.about(1, do, **more))
    note = story.about(1, "add_note", text="Rolled back to v811\n\n- error rate falls ↓ 🎉")
    yield "declare with everything", story.declare(
        1, "  Card payments fail at checkout 💳 ", services=["checkout", "ledger"],
        category="application", source="monitoring", symptoms="HTTP 502 beim Bezahlen\n日本語",
        team="payments", labels=["eu", "größer"], dedup_key="checkout/5xx", runbook="payments/5xx",
    )
    yield "declare again with the key is an alert", story.declare(
        99, "Card payments fail again", dedup_key="checkout/5xx", source="monitoring"
    )
    yield one("repeat_alert", text="5xx ratio 0.31 > 0.05")
    yield one("escalate", level=1, to=[INES], reason=None)
    yield one("acknowledge")
    yield one("take_back")
    yield one("acknowledge")
    yield one("assign", to=INES)
    yield one("assign", to=None)
    yield one("assign", to=TOM)
    yield one("set_team", team="platform")
    yield one("set_team", team=None)
    yield one("set_team", team="payments")
    for role in ("incident_manager", "communications", "scribe", "resolver"):
        yield f"give_role {role}", story.about(1, "give_role", role=role, person=AKIKO, given=True)
    yield "give_role taken", story.about(1, "give_role", role="scribe", person=AKIKO, given=False)
    yield one("escalate", level=2, to=[TOM, AKIKO], reason="No progress")
    yield one("prioritize", impact="medium", urgency="high")
    yield one("override_priority", priority="P1", reason="The board is watching")
    yield one("categorize", category="performance")
    yield one("categorize", category=None)
    yield one("categorize", category="security")
    yield one("set_services", services=["checkout", "データ"])
    yield one(
        "describe", title="Kartenzahlung schlägt fehl", symptoms="", labels=["eu"], runbook=None
    )
    yield "add_note", note
    first_note = note["id"][:-4] + "%04x" % (int(note["id"][-4:], 16) + 1)
    yield one("correct_note", note=first_note, text="Rolled back to v810")
    yield one("update_stakeholders", message="We are on it", next_due="2026-03-02T10:00:00Z")
    yield one("update_stakeholders", message="Still on it", next_due=None)
    for item in (
        "logs_and_alerts", "recent_changes", "dependencies", "affected_services", "reproduced",
        "workaround",
    ):
        yield f"answer_item {item}", story.about(
            1, "answer_item", item={"investigation": item}, answer="yes"
        )
    yield one("answer_item", item={"investigation": "reproduced"}, answer={"waived": "too risky"})
    yield one("answer_item", item={"investigation": "workaround"}, answer="open")
    yield one("move_status", to="investigating")
    yield one("move_status", to="identified")
    yield one("pause", reason="waits on the bank")
    yield one("unpause")
    yield one("snooze", until="2026-03-05T08:00:00Z")
    yield one("wake")
    links = [
        {"problem": {"id": problem(1), "title": "Connection pool runs dry (1)"}},
        {"change": {"id": change(2), "title": "Änderung 2: ledger v82"}},
        {"url": "https://status.example/incidents/7?x=1&y=ü"},
    ]
    for link in links:
        yield one("link", link=link)
    yield one("unlink", link=links[2])
    yield one("link", link=links[2])
    yield one("move_status", to="monitoring")
    yield one(
        "resolve", action="rollback", detail="checkout back to v810",
        validation="20 test payments went through",
    )
    yield one("reopen", reason="It is back")
    yield one("resolve", action="config_fix", detail="pool of 80", validation="no 5xx for 1 h")
    for item in ("service_stable", "contained", "final_update", "recorded", "follow_up"):
        answer = {"waived": "nobody to tell"} if item == "final_update" else "yes"
        yield f"answer_item {item}", story.about(
            1, "answer_item", item={"closing": item}, answer=answer
        )
    yield one("close")
    for section in (
        "summary", "timeline", "impact", "root_cause", "resolution", "communication", "gaps",
    ):
        yield f"write_review {section}", story.about(
            1, "write_review", section=section, text=f"## {section}\n\nWas geschah: …"
        )
    for number, kind in enumerate(("prevent", "detect", "mitigate", "process"), 1):
        item = {
            "id": action(number), "text": f"Alert on pool size {number}", "kind": kind,
            "owner": ZOE if number % 2 else None, "due": "2026-04-01" if number < 3 else None,
            "done": number == 4,
        }
        yield f"set_action_item {kind}", story.about(1, "set_action_item", item=item)
    item = {
        "id": action(1), "text": "Alert on pool size 1", "kind": "prevent", "owner": ZOE,
        "due": "2026-04-01", "done": True,
    }
    yield one("set_action_item", item=item)
    yield one("publish_review")


def others(story):
    """Incidents that stay in each of the other states, so that a store has them all."""
    about = story.about
    yield "declare with the least", story.declare(2, "x", "low", "low")
    yield "declare", story.declare(3, "CDN slow in São Paulo", "medium", "medium", services=["cdn"])
    yield "acknowledge", about(3, "acknowledge")
    for number, to in ((4, "investigating"), (5, "identified"), (6, "monitoring")):
        source = {4: "user_report", 5: "support", 6: "partner"}[number]
        category = {4: "infrastructure", 5: "access", 6: "performance"}[number]
        yield f"declare {source}", story.declare(
            number, f"Ledger replica {number} lags", "high", "medium", services=["ledger"],
            source=source, category=category, team="payments",
        )
        yield f"move_status {to} from triggered", about(number, "move_status", to=to)
    yield "declare", story.declare(7, "Resolved one", "medium", "high", services=["checkout"])
    yield "resolve patch", about(7, "resolve", action="patch", detail="v812", validation="seen")
    yield "declare", story.declare(8, "Merged one", "medium", "low", services=["ledger"])
    yield "merge", about(8, "merge", into=incident(4))
    for number, to in enumerate(("service_request", "change", "problem", "false_alarm"), 9):
        yield "declare", story.declare(number, f"No incident {number}", "low", "high")
        yield f"reclassify {to}", about(number, "reclassify", to=to, reason="It was none")
    yield "declare", story.declare(13, "Snoozed until it changes", "low", "medium", services=["cdn"])
    yield "snooze until it changes", about(13, "snooze", until=FOREVER)
    yield "declare", story.declare(14, "Snoozed, and over", "medium", "medium")
    yield "snooze until a day that is over", about(14, "snooze", until="2026-03-03T09:00:00Z")
    yield "declare", story.declare(15, "Paused one", "high", "low", services=["ledger"])
    yield "acknowledge", about(15, "acknowledge")
    yield "pause", about(15, "pause", reason="Lieferant liefert 🚚")
    for number, done in enumerate(("restart", "scale", "block_access", "other"), 16):
        yield "declare", story.declare(number, f"Ended by {done}", "medium", "medium")
        yield f"resolve {done}", about(number, "resolve", action=done, detail="d", validation="v")
    yield "link incident", about(
        16, "link", link={"incident": {"id": incident(17), "number": None}}
    )
    yield "declare one that is unowned", story.declare(20, "Ünïcödé ‮right to left‬ 👩‍👩‍👧", "high", "high")
    yield "assign", about(20, "assign", to=ZOE)


def all_of_it():
    """Of each command its title, who sends it, and what it is."""
    story = Story()
    for title, order in changes_and_problems(story):
        yield title, "admin", order
    for title, order in life(story):
        yield title, "admin" if "repeat_alert" in title else "ines", order
    for title, order in others(story):
        yield title, "ines", order
