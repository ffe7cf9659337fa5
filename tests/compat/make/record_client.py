"""Records the program as a client: its command line and its panes, against the program as a server.

    python3 record_client.py FILES
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile

import panes
import record_server
import seed
import story
from between import URL, Between
from program import Server, compress, run

FILES = pathlib.Path(sys.argv[1]).absolute()
TO = FILES / "recordings"
CONFIG = f"""\
user = "ines"
[profiles.prod]
backend = "{URL}"
insecure_http = true
token_env = "PROD_TOKEN"
"""


class Client:
    """A home of its own, and what passes between it and the server."""

    def __init__(self, between, token, name="ines", config=CONFIG):
        self.between, self.token, self.name = between, token, name
        self.home, self.more = pathlib.Path(tempfile.mkdtemp()), {}
        (self.home / "config/redphone").mkdir(parents=True)
        (self.home / "config/redphone/config.toml").write_text(config)

    def env(self):
        return {
            **self.more,
            "HTTP_PROXY": f"http://127.0.0.1:{self.between.port}", "PROD_TOKEN": self.token,
            "REDPHONE_TOKEN": self.token,
        }

    def act(self, to, title, *args, stdin=None):
        """Runs the program once and writes down what it was given, what it printed and what passed."""
        url = f"http://127.0.0.1:{self.between.port}"
        self.between.taken()
        filled = [arg.replace("{url}", url) for arg in args]
        done = run(self.home, *filled, stdin=stdin.encode() if stdin else None, ok=False, **self.env())
        plain = lambda data: data.decode().replace(url, "{url}").replace(
            url.removeprefix("http://"), "{proxy}").replace(str(self.home), "{home}")
        entry = {
            "title": title, "client": self.name, "token": self.token, "args": args, "exit": done.returncode, "out": plain(done.stdout),
            "err": plain(done.stderr), "exchanges": self.between.taken(),
        }
        if stdin:
            entry["stdin"] = stdin
        to.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n")
        return done.stdout.decode().strip()


def company(between):
    """A server with the whole story in its store."""
    folder = record_server.home()
    server = Server(folder)
    for title, who, order in story.all_of_it():
        headers = [record_server.bearer(who), ("Content-Type", "application/json")]
        server.ask("POST", "/v1/commands", headers, json.dumps({"commands": [order]}).encode())
    between.upstream = server.port
    return server


PROD = ("--profile", "prod")
WHAT = ("--impact", "high", "--urgency", "high", "--reported-at", "2026-03-04T08:00:00Z")


def command_line(between):
    server = company(between)
    client = Client(between, record_server.TOKENS["ines"])
    with open(TO / "client-commands.jsonl", "w", encoding="utf-8") as to:
        to.write('{"store":"story"}\n')
        act = lambda title, *args, **more: client.act(to, title, *PROD, *args, **more)
        reading(act)
        writing(act)
        url = lambda title, *args: client.act(to, title, "--backend", "{url}", *args)
        url("list at a URL", "list", "p1")
        url("show at a URL", "show", "2", "--json")
        url("note at a URL", "note", "2", "By URL", "--json")
        program = Client(between, record_server.TOKENS["Alertmanager"], "program")
        by_program = lambda title, *args: program.act(to, title, *PROD, *args)
        by_program("a program declares", "declare", "--title", "Disk full", *WHAT, "--source",
                   "monitoring", "--dedup-key", "disk/1", "--json")
        by_program("a program may not list", "list")
        by_program("a program may not acknowledge", "ack", "2")
        for title, token in {
            "a token that is not known": "rp_nothing",
            "a token that was revoked": record_server.TOKENS["revoked"],
            "a token that has expired": record_server.TOKENS["soon"],
        }.items():
            stranger = Client(between, token, title)
            stranger.act(to, f"{title}: list", *PROD, "list")
            stranger.act(to, f"{title}: ack", *PROD, "ack", "2")
    server.stop()


def reading(act):
    act("list", "list")
    act("list as JSON", "list", "--json")
    act("list again: the cache is asked about", "list", "--json")
    act("list all", "list", "is:any", "--all", "--json", "--sort", "newest")
    act("list with a filter", "list", "p1", "owner:none")
    act("list in order", "list", "--sort", "oldest", "--limit", "3", "--json")
    act("list mine", "list", "owner:me", "is:any", "--json")
    act("list what is not understood", "list", "status:nothing")
    act("show", "show", "8")
    act("show as JSON", "show", "INC-1", "--json")
    act("show by its id", "show", seed.incident(8), "--json")
    act("show what is not there", "show", "999")
    act("show as JSON what is not there", "show", seed.incident(99), "--json")
    act("profiles", "profiles")
    act("profiles as JSON", "profiles", "--json")
    act("profiles, asked", "profiles", "--check", "--json")
    act("outbox of nothing", "outbox")


def writing(act):
    act("declare", "declare", "--title", "Search is down", *WHAT, "--service", "cdn")
    act("declare with everything", "declare", "--title", "Karten 💳", *WHAT, "--service", "checkout",
        "--service", "ledger", "--category", "security", "--source", "partner", "--symptoms", "5xx",
        "--team", "payments", "--label", "eu", "--label", "größer", "--dedup-key", "karten",
        "--runbook", "https://runbooks.example/k", "--detected-at", "2026-03-04T07:50:00Z",
        "--owner", "me", "--json")
    act("declare what is refused", "declare", "--title", " ", *WHAT)
    act("acknowledge", "ack", "2")
    act("acknowledge several", "ack", "13", "3", "999", "1")
    act("acknowledge several, as JSON", "ack", "14", "3", "999", "--json")
    act("note", "note", "2", "Rolled", "back")
    act("note from standard input", "note", "2", "-", stdin="pods\n  ledger-1 ↓\n")
    act("note as JSON", "note", "2", "--json", "One more")
    act("note on what is not there", "note", "999", "text")
    done = ("--action", "rollback", "--detail", "v810", "--validation", "no 5xx")
    act("resolve", "resolve", "2", *done)
    act("resolve as JSON", "resolve", "3", *done, "--json")
    act("resolve what is resolved", "resolve", "2", *done)
    act("resolve without a detail", "resolve", "4", "--action", "other", "--detail", "",
        "--validation", "v")
    act("outbox with what was sent", "outbox", "list")
    act("outbox as JSON", "outbox", "--json")
    act("outbox send with nothing to send", "outbox", "send")
    act("outbox drop of what is not there", "outbox", "drop", "77")


def without_a_server(between):
    """The server goes away and comes back: what is kept, what waits, what is refused then."""
    server = company(between)
    client = Client(between, record_server.TOKENS["ines"])
    with open(TO / "client-outbox.jsonl", "w", encoding="utf-8") as to:
        to.write('{"store":"story"}\n')
        act = lambda title, *args: client.act(to, title, *PROD, *args)
        act("list while it is there", "list", "--json")
        act("show while it is there", "show", "20", "--json")
        act("show another while it is there", "show", "4", "--json")
        between.upstream = None
        act("list without it", "list", "--json")
        act("show without it", "show", "20", "--json")
        act("show without it what was never read", "show", "16")
        act("declare without it", "declare", "--title", "While away", *WHAT)
        act("acknowledge without it", "ack", "20", "--json")
        act("note without it", "note", "20", "Written while it was away")
        act("acknowledge what others end meanwhile", "ack", "4")
        act("note that is dropped", "note", "20", "Dropped")
        act("outbox without it", "outbox", "list")
        act("outbox without it, as JSON", "outbox", "list", "--json")
        act("outbox drop", "outbox", "drop", "5")
        act("outbox send without it", "outbox", "send")
        between.upstream = server.port
        headers = [record_server.bearer("tom"), ("Content-Type", "application/json")]
        meanwhile = seed.Story(0x190, day="2026-03-19", hour=9)
        order = meanwhile.about(4, "resolve", action="other", detail="d", validation="v")
        server.ask("POST", "/v1/commands", headers, json.dumps({"commands": [order]}).encode())
        to.write(json.dumps({"meanwhile": {"by": "tom", "commands": [order]}}) + "\n")
        act("outbox send once it is back", "outbox", "send")
        act("outbox with what was refused", "outbox", "list", "--json")
        act("outbox retry of what was refused", "outbox", "retry", "4")
        act("outbox drop of what was refused", "outbox", "drop", "4", "--json")
    server.stop()


def outbox_of_all_kinds(between):
    """An outbox with commands that were sent, refused, held back, and not sent yet."""
    server = company(between)
    # Its clock is an hour ahead: what it declares as of now is refused.
    client = Client(between, record_server.TOKENS["ines"])
    client.more = {"now_offset": 3600}
    with open(TO / "outbox.jsonl", "w", encoding="utf-8") as to:
        to.write('{"store":"data"}\n')
        quiet = open(os.devnull, "w")
        act = lambda title, *args: client.act(quiet, title, *PROD, *args)
        act("", "list", "--json")
        act("", "show", "20")
        act("", "note", "20", "Sent")
        between.upstream = None
        act("", "declare", "--title", "Declared by a clock that is ahead", *WHAT[:4])
        waiting = act("", "outbox", "--json").splitlines()
        new = next(e["incident"] for e in map(json.loads, waiting) if e["label"] == "new")
        act("", "ack", new)
        act("", "note", new, "Held back ↓")
        act("", "ack", "4")
        between.upstream = server.port
        order = seed.Story(0x190, day="2026-03-19", hour=9)
        order = order.about(4, "resolve", action="other", detail="d", validation="v")
        headers = [record_server.bearer("tom"), ("Content-Type", "application/json")]
        server.ask("POST", "/v1/commands", headers, json.dumps({"commands": [order]}).encode())
        act("", "outbox", "send")
        between.upstream = None
        act("", "note", "20", "Not sent yet")
        act("", "ack", "2")
        client.act(to, "outbox", *PROD, "outbox", "--json")
        client.act(to, "outbox as text", *PROD, "outbox")
    folder = FILES / "remotes"
    shutil.rmtree(folder, ignore_errors=True)
    # Locks and shared memory are empty, and made anew.
    shutil.copytree(client.home / "state/redphone/remotes", folder,
                    ignore=shutil.ignore_patterns("*.lock", "*.use", "*-shm", "*-wal"))
    for file in folder.glob("*/*.db"):
        compress(file)
    server.stop()


if __name__ == "__main__":
    record_server.TOKENS.update(json.loads((FILES / "secrets.json").read_text()))
    record_server.FILES = FILES
    between = Between()
    command_line(between)
    without_a_server(between)
    outbox_of_all_kinds(between)
    panes.record(between, company, Client, TO, FILES)
