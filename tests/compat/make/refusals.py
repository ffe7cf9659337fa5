"""Commands that are refused, each kind for each command; and batches."""

from seed import PEOPLE, Story, change, incident, problem, uid
from story import FOREVER

INES, TOM, AKIKO, ZOE = PEOPLE


def about_one():
    """What can't be done to an incident, by its number (see `story.others`) and what is asked."""
    yes = {"answer": "yes"}
    return [
        (1, "declare", dict(title="Again", impact="low", urgency="low", source="internal",
                            detected_at="2026-03-01T22:37:00Z", reported_at="2026-03-01T22:40:00Z")),
        (70, "acknowledge", {}),
        (1, "acknowledge", {}), (3, "acknowledge", {}), (8, "acknowledge", {}),
        (3, "move_status", dict(to="acknowledged")), (6, "move_status", dict(to="investigating")),
        (6, "move_status", dict(to="resolved")), (7, "move_status", dict(to="monitoring")),
        (2, "assign", dict(to=None)), (20, "assign", dict(to=ZOE)), (1, "assign", dict(to=INES)),
        (2, "assign", dict(to={"handle": "", "name": ""})),
        (4, "set_team", dict(team="payments")), (4, "set_team", dict(team="")),
        (4, "give_role", dict(role="scribe", person=TOM, given=False)),
        (15, "escalate", dict(level=1, to=[TOM], reason=None)),
        (8, "escalate", dict(level=1, to=[TOM], reason="now")),
        (2, "prioritize", dict(impact="low", urgency="low")),
        (2, "override_priority", dict(priority="P4", reason="r")),
        (2, "override_priority", dict(priority="P1", reason=" ")),
        (2, "take_back", {}), (3, "take_back", {}),
        (4, "categorize", dict(category="infrastructure")), (2, "categorize", dict(category=None)),
        (4, "set_services", dict(services=["ledger"])), (4, "set_services", dict(services=[""])),
        (2, "describe", dict(title=None, symptoms=None, labels=None, runbook=None)),
        (2, "describe", dict(title="y" * 201, symptoms=None, labels=None, runbook=None)),
        (2, "add_note", dict(text="")), (2, "add_note", dict(text=" \n ")),
        (2, "correct_note", dict(note=uid(5, 1), text="")),
        (2, "update_stakeholders", dict(message="", next_due=None)),
        (1, "answer_item", dict(item={"closing": "contained"}, **yes)),
        (2, "answer_item", dict(item={"closing": "contained"}, answer={"waived": ""})),
        (2, "resolve", dict(action="other", detail="", validation="v")),
        (7, "resolve", dict(action="other", detail="d", validation="v")),
        (2, "reopen", dict(reason="r")), (8, "reopen", dict(reason="r")),
        (7, "reopen", dict(reason="")),
        (2, "close", {}), (7, "close", {}), (1, "close", {}),
        (2, "snooze", dict(until="2026-01-01T00:00:00Z")), (7, "snooze", dict(until=FOREVER)),
        (2, "wake", {}), (15, "pause", dict(reason="r")), (2, "pause", dict(reason="")),
        (2, "unpause", {}),
        (2, "merge", dict(into=incident(2))), (2, "merge", dict(into=incident(1))),
        (2, "merge", dict(into=incident(71))),
        (1, "link", dict(link={"url": "https://status.example/incidents/7?x=1&y=ü"})),
        (2, "link", dict(link={"url": ""})),
        (2, "unlink", dict(link={"url": "https://a.example"})),
        (8, "reclassify", dict(to="change", reason="r")), (2, "reclassify", dict(to="change", reason="")),
        (8, "write_review", dict(section="summary", text="t")),
        (8, "set_action_item", dict(item={"id": uid(4, 9), "text": "t", "owner": None, "due": None,
                                          "kind": "detect", "done": False})),
        (2, "set_action_item", dict(item={"id": uid(4, 9), "text": "", "owner": None, "due": None,
                                          "kind": "detect", "done": False})),
        (1, "publish_review", {}), (2, "publish_review", {}), (7, "publish_review", {}),
        (9, "publish_review", {}),
    ]


def refusals():
    """Of each a title, who sends it, and the commands."""
    story = Story(0x140, hour=10)
    for number, do, more in about_one():
        yield f"{do} on {number} is refused", "ines", [story.about(number, do, **more)]
    yield "take_back of another's move", "tom", [story.about(6, "take_back")]
    yield "repeat_alert on an ended one", "admin", [story.about(7, "repeat_alert", text="t")]
    for what, more in {
        "without a title": dict(title=" "), "with a long title": dict(title="x" * 201),
        "with a title of two lines": dict(title="a\nb"),
        "reported in the future": dict(reported_at="2099-01-01T00:00:00Z"),
        "detected after the report": dict(detected_at="2026-03-01T23:40:00Z"),
        "detected before 1970": dict(detected_at="1969-01-01T00:00:00Z"),
        "with an empty service": dict(services=[""]), "with an empty team": dict(team=""),
    }.items():
        yield f"declare {what}", "ines", [story.declare(72, more.pop("title", "t"), **more)]
    late = story.about(1, "reopen", reason="Too late")
    late["at"] = "2026-03-19T09:00:00Z"
    yield "reopen after more than a week", "ines", [late]
    bad = {
        "id": change(9), "kind": "deploy", "title": "", "services": [], "by": {"person": TOM},
        "starts_at": "2026-03-01T21:00:00Z", "ends_at": None, "state": "done",
    }
    yield "record_change without a title", "admin", [story.order({"record_change": bad})]
    bad = {**bad, "title": "t", "ends_at": "2026-03-01T20:00:00Z"}
    yield "record_change that ends before it starts", "admin", [story.order({"record_change": bad})]
    bad = {
        "id": problem(9), "title": "", "state": "open", "services": [], "cause": "",
        "workaround": "", "opened_at": "2026-02-20T10:00:00Z",
    }
    yield "record_problem without a title", "admin", [story.order({"record_problem": bad})]
    yield from by_token(story, {**bad, "title": "By nobody"})
    yield from batches(story)


def by_token(story, a_problem):
    """What each scope may not, and commands that somebody else has asked."""
    ack = lambda: story.about(2, "acknowledge")
    yield "acknowledge with a token that only reads", "watcher", [ack()]
    yield "acknowledge with a token that brings in", "Alertmanager", [ack()]
    yield "acknowledge with a token that was revoked", "revoked", [ack()]
    yield "acknowledge with a token that has expired", "soon", [ack()]
    yield "record_problem by a responder", "ines", [story.order({"record_problem": a_problem})]
    yield "repeat_alert by a responder", "ines", [story.about(2, "repeat_alert", text="t")]
    yield "declare by a program", "Alertmanager", [
        story.declare(30, "Disk full on db-3", source="monitoring", dedup_key="disk/db-3")
    ]
    yield "repeat_alert by a program", "Alertmanager", [story.about(30, "repeat_alert", text="97 %")]
    note = story.about(2, "add_note", text="Asked by tom")
    yield "a note that another has asked", "ines", [{**note, "as_person": "tom"}]
    note = story.about(2, "add_note", text="Asked by ines")
    yield "a note that ines has asked", "ines", [{**note, "as_person": "ines"}]
    by_program = story.about(30, "repeat_alert", text="98 %")
    yield "a person's command with a program's token", "Alertmanager", [
        {**by_program, "as_person": "ines"}
    ]
    ahead = story.about(2, "add_note", text="By a clock that is right")
    yield "a note that is sent again", "ines", [ahead]
    yield "a note that is sent again", "ines", [ahead]


def batches(story):
    """Several at once: what follows a refusal is carried out all the same."""
    about = story.about
    yield "a batch with refusals in it", "ines", [
        story.declare(40, "First of a batch", services=["ledger"]), about(40, "acknowledge"),
        about(40, "acknowledge"), about(71, "acknowledge"), about(40, "add_note", text="Third"),
        about(40, "repeat_alert", text="not of people"), about(40, "move_status", to="identified"),
        {**about(40, "add_note", text="t"), "as_person": "tom"},
    ]
    twice = about(40, "add_note", text="Twice in a batch")
    yield "the same command twice in a batch", "ines", [twice, twice]
    yield "a batch of none", "ines", []
    yield "a batch of 501", "ines", [about(40, "add_note", text="n")]
    yield "a batch of 12", "ines", [about(40, "add_note", text=f"Note {n}") for n in range(12)]
