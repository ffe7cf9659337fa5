"""What is read: every route, with every parameter; and what is refused of it."""

import json

from seed import Story, incident

WINDOW = "from=2026-03-01T00:00:00Z&to=2026-03-08T00:00:00Z"
DAYS = "edges=2026-03-02T00:00:00Z,2026-03-03T00:00:00Z,2026-03-04T12:30:00Z"
NOW = "now=2026-03-20T09:00:00Z"
FILTERS = [
    "", "checkout", "p1", "sev2", "p1%20p3", "owner:none", "owner:me", "owner:zo%C3%AB",
    "status:triggered", "status:resolved", "status:closed", "status:merged", "status:reclassified",
    "service:ledger", "team:payments", "cat:security", "is:snoozed", "is:any", "is:any%20ledger",
    "-service:ledger", "age%3E2h", "idle%3E2h", "sla:late", "-is:snoozed%20p3", "is:any%20Kartenzahlung",
    "is:any%20%E3%83%87%E3%83%BC%E3%82%BF", "is:any%20nothingofthat",
]


def reads():
    """Of each a title, method, path, whose token, more headers, and what is remembered."""
    for who in ("ines", "admin", "watcher", "Alertmanager"):
        yield f"capabilities of {who}", "GET", "/v1/capabilities", who
    yield "directory", "GET", "/v1/directory", "ines", (), {"directory": "header:etag"}
    yield "directory again", "GET", "/v1/directory", "ines", [("If-None-Match", "{directory}")]
    yield "directory, any tag", "GET", "/v1/directory", "ines", [("If-None-Match", "*")]
    yield "directory, another tag", "GET", "/v1/directory", "ines", [("If-None-Match", '"other"')]
    yield "directory, compressed", "GET", "/v1/directory", "ines", [("Accept-Encoding", "gzip")]
    yield "directory, head", "HEAD", "/v1/directory", "ines"
    yield "problems", "GET", "/v1/problems", "watcher"
    yield from searches()
    yield from one_incident()
    yield "measures", "GET", f"/v1/measures?{WINDOW}&{NOW}", "ines"
    for cut in ("whole", "priority", "category", "service", "team"):
        yield f"measures by {cut}", "GET", f"/v1/measures?{WINDOW}&{DAYS}&cut={cut}&{NOW}", "ines"
    yield "changes", "GET", "/v1/changes", "ines", [("Accept-Encoding", "gzip")], {"all": "/cursor"}
    yield "changes since then", "GET", "/v1/changes?since={all}", "ines"
    yield "changes since the start", "GET", "/v1/changes?since={empty}&wait=5", "ines"
    yield "changes since what never was", "GET", "/v1/changes?since=18446744073709551615", "ines"
    yield "health", "GET", "/v1/health", None, [("X-Request-Id", "abc-1.2_3")]
    yield "ready", "GET", "/v1/ready", None
    yield "openapi", "GET", "/v1/openapi.json", None, [("Accept-Encoding", "gzip")]
    yield "metrics", "GET", "/v1/metrics", "watcher"


def searches():
    for filter in FILTERS:
        yield f"incidents {filter}", "GET", f"/v1/incidents?filter={filter}&{NOW}", "ines"
    yield "incidents of now", "GET", "/v1/incidents", "ines", (), {"first": "header:etag"}
    yield "incidents of now again", "GET", "/v1/incidents", "ines", [("If-None-Match", "{first}")]
    yield "incidents, compressed", "GET", "/v1/incidents", "tom", [("Accept-Encoding", "gzip, br")]
    yield "incidents, head", "HEAD", "/v1/incidents", "tom"
    for sort in ("urgent", "newest", "oldest", "priority", "service", "owner", "changed"):
        yield f"incidents by {sort}", "GET", f"/v1/incidents?sort={sort}&{NOW}", "ines"
    for sort in ("urgent", "newest", "oldest"):
        query = f"filter=is:any&sort={sort}&limit=7&{NOW}"
        page = f"{sort}1"
        yield f"page 1 by {sort}", "GET", f"/v1/incidents?{query}", "ines", (), {page: "/next"}
        yield f"page 2 by {sort}", "GET", f"/v1/incidents?{query}&after={{{page}}}", "ines", (), {
            f"{sort}2": "/next"
        }
        yield f"page 3 by {sort}", "GET", f"/v1/incidents?{query}&after={{{sort}2}}", "ines"
    yield "open ones, page 1", "GET", f"/v1/incidents?limit=3&{NOW}", "ines", (), {"open1": "/next"}
    yield "open ones, page 2", "GET", f"/v1/incidents?limit=3&{NOW}&after={{open1}}", "ines"


def one_incident():
    for number in (1, 2, 4, 8, 9, 13, 15, 16, 20, 30, 40):
        yield f"incident {number}", "GET", f"/v1/incidents/{incident(number)}", "ines"
        yield f"timeline {number}", "GET", f"/v1/incidents/{incident(number)}/timeline", "ines"
    timeline = f"/v1/incidents/{incident(1)}/timeline"
    for query in ("limit=3", "after=40", "before=10", "before=10&limit=2", "after=9999"):
        yield f"timeline {query}", "GET", f"{timeline}?{query}", "ines"
    for number in ("1", "INC-1", "inc1", "Inc-4", "0001"):
        yield f"number {number}", "GET", f"/v1/numbers/{number}", "ines"


def refused_reads(bearer):
    """Of each a title, method, path, headers and body."""
    me = [bearer("ines")]
    json_type = ("Content-Type", "application/json")
    post = lambda title, body, *headers: (title, "POST", "/v1/commands", me + list(headers), body)
    get = lambda title, path, *headers: (title, "GET", path, list(headers) or me, None)
    for route in (
        "capabilities", "incidents", f"incidents/{incident(1)}", f"incidents/{incident(1)}/timeline",
        "numbers/1", "changes", f"measures?{WINDOW}", "directory", "problems", "metrics",
    ):
        yield ("no token", "GET", f"/v1/{route}", [], None)
        yield get("a token that is not known", f"/v1/{route}", ("Authorization", "Bearer rp_nothing"))
        if route != "capabilities":
            yield get("a token that may not read", f"/v1/{route}", bearer("Alertmanager"))
        yield ("no such method", "DELETE", f"/v1/{route}", me, None)
        yield get("a query that is not known", f"/v1/{route}{'&' if '?' in route else '?'}what=1")
    for route in ("health", "ready", "openapi.json"):
        yield ("no such method", "POST", f"/v1/{route}", [], None)
        yield get("a query that is not known", f"/v1/{route}?what=1")
    yield ("no such method", "GET", "/v1/commands", me, None)
    yield get("expired", "/v1/incidents", bearer("soon"))
    yield get("revoked", "/v1/incidents", bearer("revoked"))
    yield get("two tokens", "/v1/incidents", bearer("ines"), bearer("tom"))
    yield get("no bearer", "/v1/incidents", ("Authorization", "Basic aW5lczpoZWxsbw=="))
    for path in ("/", "/v1", "/v2/incidents", "/v1/incidents/", "/v1/nothing"):
        yield get(f"no path {path}", path)
    for query in (
        "limit=0", "limit=1001", "limit=x", "sort=prettiest", "after=nonsense", "now=yesterday",
        "now=1900-01-01T00:00:00Z", "filter=status:nothing", "filter=" + "a%20" * 65, "filter=is:",
        "filter=age%3Ex", "limit=1&limit=2",
    ):
        yield get(f"incidents {query[:30]}", f"/v1/incidents?{query}")
    for path in (
        f"incidents/{incident(71)}", f"incidents/{incident(71)}/timeline", "incidents/not-an-id",
        f"incidents/{incident(1).replace('-', '')}", "incidents/%FF", "numbers/999", "numbers/x",
        "numbers/99999999999999999999", "numbers/INC-",
    ):
        yield get(f"incident {path[:30]}", f"/v1/{path}")
    timeline = f"/v1/incidents/{incident(1)}/timeline"
    for query in ("after=1&before=2", "after=1&limit=2", "limit=0", "limit=1001", "after=-1"):
        yield get(f"timeline {query}", f"{timeline}?{query}")
    for query in ("since=x", "since=", "wait=61", "wait=-1", "wait=x"):
        yield get(f"changes {query}", f"/v1/changes?{query}")
    for query in (
        "", "from=2026-03-01T00:00:00Z", "from=x&to=y", "from=2026-03-08T00:00:00Z&to=2026-03-01T00:00:00Z",
        "from=1900-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", f"{WINDOW}&edges=x",
        f"{WINDOW}&edges=2026-03-03T00:00:00Z,2026-03-02T00:00:00Z", f"{WINDOW}&cut=colour",
        f"{WINDOW}&now=1900-01-01T00:00:00Z",
    ):
        yield get(f"measures {query[:30]}", f"/v1/measures?{query}")
    order = Story(0x170).about(2, "add_note", text="Never written")
    good = json.dumps({"commands": [order]}).encode()
    yield post("no body", None, json_type)
    yield post("an empty body", b"", json_type)
    yield post("no type", good)
    yield post("another type", good, ("Content-Type", "text/plain"))
    yield post("another charset", good, ("Content-Type", "application/json; charset=latin1"))
    yield post("a compressed body", good, json_type, ("Content-Encoding", "gzip"))
    for title, body in {
        "no JSON": b"{", "JSON and more": good + b"{}", "not UTF-8": b'{"commands":"\xff"}',
        "an array": b"[]", "a field that is not known": b'{"commands":[],"more":1}',
        "no commands": b"{}",
    }.items():
        yield post(f"a body of {title}", body, json_type)
    for title, change in {
        "without an id": {"id": None}, "with an id that is none": {"id": "x"},
        "without a time": {"at": None}, "with a time that is none": {"at": "yesterday"},
        "with a field that is not known": {"more": 1},
        "of a verb that is not known": {"command": {"incident": {"incident": incident(2), "ask": {"do": "dance"}}}},
        "of a kind that is not known": {"command": {"dance": {}}},
        "with a status that is not known": {"command": {"incident": {
            "incident": incident(2), "ask": {"do": "move_status", "to": "dancing"}}}},
    }.items():
        changed = {k: v for k, v in {**order, **change}.items() if v is not None}
        yield post(f"a command {title}", json.dumps({"commands": [changed]}).encode(), json_type)
    yield ("commands with a query", "POST", "/v1/commands?what=1", me + [json_type], good)
    yield ("commands without a token", "POST", "/v1/commands", [json_type], good)
