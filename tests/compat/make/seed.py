"""The company that everything is recorded in: who works there and what runs there."""

import json

PEOPLE = [
    {"handle": "ines", "name": "Ines Moreau"},
    {"handle": "tom", "name": "Tom Varga"},
    {"handle": "akiko", "name": "明子 Sato"},
    {"handle": "zoë", "name": "Zoë Ångström"},
]
DIRECTORY = {
    "people": PEOPLE,
    "teams": [
        {"name": "payments", "members": ["ines", "tom"]},
        {"name": "platform", "members": ["akiko", "zoë"]},
    ],
    "services": [
        {
            "name": "checkout", "team": "payments", "depends_on": ["ledger"],
            "runbook": "payments/5xx", "objective": 99900,
        },
        {"name": "ledger", "team": "payments"},
        {"name": "cdn", "team": "platform", "depends_on": []},
        {"name": "データ", "team": "platform", "runbook": "https://runbooks.example/data"},
    ],
    "policies": [
        {
            "team": "payments",
            "levels": [
                {"after_s": 0, "call": [{"on_call": "payments"}]},
                {"after_s": 900, "call": [{"person": "tom"}, {"on_call": "platform"}]},
            ],
        }
    ],
    "schedules": [
        {
            "team": "payments", "rotation": ["ines", "tom"], "starts_at": "2026-01-05T09:00:00Z",
            "turn_s": 604800,
            "overrides": [
                {"person": "tom", "from": "2026-01-07T09:00:00Z", "to": "2026-01-08T09:00:00Z"}
            ],
        },
        {
            "team": "platform", "rotation": ["akiko", "zoë"], "starts_at": "2026-01-05T09:00:00Z",
            "turn_s": 86400, "overrides": [],
        },
    ],
}


def write(path):
    with open(path, "w", encoding="utf-8") as to:
        for line in ({"header": {"format": "redphone", "version": 1}}, {"directory": DIRECTORY}):
            to.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


# Ids are counted: a kind and a number. Those of events follow from the command's.
def uid(kind, number):
    return f"019cb000-0000-7{kind:03x}-8000-{number * 4096:012x}"


def incident(number):
    return uid(1, number)


def change(number):
    return uid(2, number)


def problem(number):
    return uid(3, number)


def action(number):
    return uid(4, number)


class Story:
    """Commands one after another: each with the next id, each a second after the one before."""

    def __init__(self, kind=0x100, day="2026-03-02", hour=8):
        self.count, self.kind, self.day, self.hour = 0, kind, day, hour

    def at(self):
        s = self.count
        return f"{self.day}T{self.hour + s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}.250Z"

    def order(self, command, **more):
        self.count += 1
        return {"id": uid(self.kind, self.count), "at": self.at(), "command": command, **more}

    def about(self, number, do, **more):
        return self.order({"incident": {"incident": incident(number), "ask": {"do": do, **more}}})

    def declare(self, number, title, impact="high", urgency="high", **more):
        told = {
            "title": title, "impact": impact, "urgency": urgency, "source": "internal",
            "detected_at": "2026-03-01T22:37:00Z", "reported_at": "2026-03-01T22:40:00Z",
        }
        told.update(more)
        return self.about(number, "declare", **told)
