"""Records the files that the program writes, and what it says of itself.

    python3 record_files.py FILES     # after record_server.py and record_client.py
"""

import gzip
import json
import pathlib
import re
import shutil
import sys
import tempfile

import record_server
import seed
from program import Server, compress, run

FILES = pathlib.Path(sys.argv[1]).absolute()
COMMANDS = [
    "", "demo", "wall", "list", "show", "declare", "ack", "note", "resolve", "outbox", "outbox_list",
    "outbox_send", "outbox_retry", "outbox_drop", "export", "import", "doctor", "serve", "token",
    "token_create", "token_list", "token_revoke", "config", "config_path", "config_init",
    "config_check", "config_show", "profiles", "login", "logout", "completions", "man",
]


def empty():
    folder = pathlib.Path(tempfile.mkdtemp())
    for part in ("data/redphone", "state", "config/redphone"):
        (folder / part).mkdir(parents=True)
    return folder


def itself():
    """Its help, its manual pages, its completions, its API's description."""
    home = empty()
    (FILES / "help").mkdir(exist_ok=True)
    for command in COMMANDS:
        words = [word for word in command.split("_") if word]
        name = "_".join(["redphone", *words]) + ".txt"
        (FILES / "help" / name).write_bytes(run(home, *words, "--help").stdout)
    run(home, "man", "--out", str(FILES / "man"))
    (FILES / "completions").mkdir(exist_ok=True)
    for shell in ("bash", "zsh", "fish", "elvish", "powershell"):
        script = run(home, "completions", shell).stdout.decode()
        words = set(re.split(r"[^A-Za-z0-9_-]", script))
        known = {w for w in words if re.fullmatch(r"--[a-z0-9-]+|[a-z0-9]+(-[a-z0-9]+)*", w)}
        told = " ".join(p.read_text() for p in (FILES / "help").iterdir())
        kept = sorted(w for w in known if w in told)
        (FILES / "completions" / f"{shell}.txt").write_text("\n".join(kept) + "\n")
    described = json.loads(run(home, "serve", "--print-openapi").stdout)
    text = json.dumps(described, ensure_ascii=False, indent=0)
    (FILES / "openapi.json").write_text(text + "\n")
    (FILES / "settings").mkdir(exist_ok=True)
    (FILES / "settings/sample.toml").write_bytes(sample(home))


def sample(home):
    run(home, "config", "init")
    return (home / "config/redphone/config.toml").read_bytes()


def killed():
    """A store whose server was killed: what was written last is in its log alone."""
    folder = record_server.home()
    server = Server(folder)
    story = seed.Story()
    headers = [record_server.bearer("ines"), ("Content-Type", "application/json")]
    orders = [story.declare(n, f"Before the kill {n} ⚡") for n in range(1, 4)]
    orders += [story.about(n, "acknowledge") for n in range(1, 3)]
    for order in orders:
        server.ask("POST", "/v1/commands", headers, json.dumps({"commands": [order]}).encode())
    server.stop(9)
    to = FILES / "killed"
    to.mkdir(exist_ok=True)
    for name in ("redphone.db", "redphone.db-wal"):
        shutil.copy(folder / "data/redphone" / name, to / name)
        compress(to / name)


def local():
    """The command line on a store's file: what it prints, and its exit codes."""
    home = empty()
    store = gzip.decompress((FILES / "data/redphone.db.gz").read_bytes())
    (home / "data/redphone/redphone.db").write_bytes(store)
    shutil.copy(FILES / "data/redphone.tokens.json", home / "data/redphone/redphone.tokens.json")
    shutil.copy(FILES / "export.jsonl", home / "export.jsonl")
    with open(FILES / "recordings/local.jsonl", "w", encoding="utf-8") as to:
        to.write('{"store":"data"}\n')

        def act(title, *args, stdin=None, ok=False):
            done = run(home, *args, stdin=stdin.encode() if stdin else None, ok=ok)
            plain = lambda data: data.decode().replace(str(home), "{home}")
            entry = {
                "title": title, "args": args, "exit": done.returncode, "out": plain(done.stdout),
                "err": plain(done.stderr),
            }
            if stdin:
                entry["stdin"] = stdin
            to.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n")

        actions(act)


def actions(act):
    act("list", "list")
    act("list as JSON", "list", "--json")
    for order in ("newest", "oldest", "priority", "service", "owner", "changed"):
        act(f"list by {order}", "list", "--sort", order)
    for filter in (
        "is:any", "p1", "owner:none", "owner:me is:any", "status:closed", "status:merged",
        "status:reclassified", "is:snoozed", "service:ledger", "team:payments", "sla:late",
        "age>2h -p1", "is:any Kartenzahlung", "is:any データ", "is:any nothingofthat", "cat:access",
    ):
        act(f"list {filter}", "list", "--json", "--all", *filter.split())
    for number in ("1", "2", "4", "8", "9", "13", "15", "16", "20", "30", "40"):
        act(f"show {number} as JSON", "show", number, "--json")
    act("show 1", "show", "1")
    act("show 8", "show", "8")
    act("show what is not there", "show", "999")
    act("list what is not understood", "list", "status:nothing")
    act("a flag that is not there", "list", "--nothing")
    act("a command that is not there", "dance")
    act("a store that is not there", "--store", "nothing.db", "list")
    act("doctor", "doctor")
    act("doctor as JSON", "doctor", "--json")
    act("version", "--version")
    act("tokens", "token", "list")
    act("tokens as JSON", "token", "list", "--json")
    act("token that is there already", "token", "create", "--name", "ines", "--scope", "read")
    act("token revoked", "token", "revoke", "tom", "--json")
    act("token revoked that is not there", "token", "revoke", "nobody")
    act("profiles of none", "profiles", "--json")
    act("outbox of a store", "outbox")
    act("import of what is there", "import", "export.jsonl", "--json")
    act("import into another store", "--store", "other.db", "import", "export.jsonl", "--json")
    act("import of what is none", "--store", "third.db", "import", "-", stdin="{\n")
    act("read-only", "--read-only", "ack", "2")
    what = ("--impact", "high", "--urgency", "low", "--reported-at", "2026-03-10T08:00:00Z")
    act("declare", "declare", "--title", "By the command line", *what)
    act("declare as JSON", "declare", "--title", "As JSON", *what, "--service", "checkout", "--json")
    act("acknowledge", "ack", "2", "999", "--json")
    act("acknowledge again", "ack", "2", "--json")
    act("note", "note", "2", "One", "two", "--json")
    act("note from standard input", "note", "2", "-", "--json", stdin="a\nb ↓\n")
    act("resolve", "resolve", "2", "--action", "other", "--detail", "d", "--validation", "v", "--json")
    act("rebuild", "doctor", "--rebuild", "--json")


def settings():
    """Settings with everything in them that can be set, and what the program makes of them."""
    home = empty()
    config = home / "config/redphone"
    shutil.copy(FILES / "settings/config.toml", config / "config.toml")
    with open(FILES / "recordings/settings.jsonl", "w", encoding="utf-8") as to:
        to.write('{"settings":"config.toml"}\n')
        for title, args in {
            "path": ("config", "path"), "check": ("config", "check"), "show": ("config", "show"),
            "show of a profile": ("--profile", "archive", "config", "show"),
            "show of an API": ("--profile", "prod", "config", "show"),
            "profiles": ("profiles",), "profiles as JSON": ("profiles", "--json"),
        }.items():
            done = run(home, *args, ok=False, LAB_TOKEN="rp_test")
            plain = lambda data: data.decode().replace(str(home), "{home}")
            entry = {
                "title": title, "args": args, "exit": done.returncode, "out": plain(done.stdout),
                "err": plain(done.stderr),
            }
            to.write(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    record_server.TOKENS.update(json.loads((FILES / "secrets.json").read_text()))
    record_server.FILES = FILES
    itself()
    killed()
    local()
    settings()
