"""Records the panes: every verb by its keys, what they read by themselves, and what they leave."""

import fcntl
import json
import os
import pty
import re
import select
import shutil
import struct
import termios
import time

import record_server
from program import PROGRAM, environment

ENTER, SEND, ESC = "\r", "\x13", "\x1b"
# Each: on which incident (None: wherever the selection is), and what is pressed step by step.
VERBS = {
    "acknowledge": (2, ["a"]),
    "undo": (None, ["u"]),
    "own": (2, ["o"]),
    "assign": (2, ["s", "varga", ENTER]),
    "move": (2, ["t", "i"]),
    "prioritize": (4, ["p", "l", ENTER]),
    "override_priority": (4, ["p", "4", "a test", SEND]),
    "categorize": (4, ["c", "s", SEND]),
    "note": (4, ["n", "seen\rtwice ↓", SEND]),
    "checklist": (4, ["i", " ", SEND]),
    "update": (4, ["U", "1", SEND, "y"]),
    "team": (4, [":team platform" + ENTER]),
    "services": (4, [":service cdn" + ENTER]),
    "role": (4, [":role scribe tom" + ENTER]),
    "role taken": (4, [":role no scribe tom" + ENTER]),
    "escalate": (5, ["e", ENTER, "y"]),
    "describe": (5, ["E", "!", SEND]),
    "link url": (5, ["l", "u", "https://example.org/graph", SEND]),
    "link problem": (5, ["l", "p", ENTER]),
    "link change": (5, ["l", "c", ENTER]),
    "new problem": (5, ["l", "n", "No timeout", SEND, "y"]),
    "snooze": (5, ["b", "1"]),
    "wake": (13, ["b", "w"]),
    "unlink": (3, ["l", "u", "https://example.org/undone", SEND, "u"]),
    "pause": (6, ["b", "p", "the bank", SEND]),
    "unpause": (None, ["u"]),
    "resolve": (6, ["r", "\tback to v811", "\terrors at 0", SEND]),
    "close": (6, ["C", " \t \t \t \t ", SEND]),
    "reopen": (7, ["A", "late again", SEND, "y"]),
    "review": (16, ["V", "w", "all cards failed", SEND]),
    "action item": (16, ["V", "a", "larger pool", SEND, "y"]),
    "merge": (20, [":merge 2" + ENTER, "y"]),
    "reclassify": (14, ["X", "\ta drill", SEND, "y"]),
    "declare": (None, ["D", "Declared in the panes", SEND]),
    "many at once": (None, ["*", "a", "y"]),
}
READS = {
    "filter of open ones": ["/", "ledger p2", ENTER],
    "filter of all": ["/", "is:any checkout", ENTER],
    "filter of nothing": ["/", "is:any nothingofthat", ENTER],
    "no filter": ["/", "\x15", ENTER],
    "a resolved one": [":go 1" + ENTER, ENTER, "3", "G", "g", ESC, ESC],
    "measures": ["4", "]", "]", "[", "1"],
    "refresh": ["R"],
    "outbox": ["O", ESC],
}


class Panes:
    def __init__(self, client, columns=126, rows=36):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(client.home)
            env = environment(client.home, **client.env())
            os.execve(PROGRAM, [PROGRAM, "--profile", "prod", "--low-bandwidth"], env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.quiet(2.0)

    def quiet(self, most=3.0, rest=0.45):
        """Reads until nothing is drawn any more."""
        end, read = time.time() + most, b""
        while time.time() < end and select.select([self.fd], [], [], rest)[0]:
            try:
                read += os.read(self.fd, 65536)
            except OSError:
                break
        return read

    def press(self, keys):
        os.write(self.fd, keys.encode())
        return self.quiet()

    def leave(self):
        os.write(self.fd, b"\x03")
        self.quiet(2)
        os.write(self.fd, b"\x03")
        os.waitpid(self.pid, 0)

    def kill(self):
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


def record(between, company, Client, to, files):
    server = company(between)
    client = Client(between, record_server.TOKENS["ines"])
    between.taken()
    with open(to / "client-panes.jsonl", "w", encoding="utf-8") as out:
        out.write('{"store":"story"}\n')
        panes, seen_routes = Panes(client), {}

        def part(title, steps):
            for keys in steps:
                seen = panes.press(keys)
            time.sleep(0.3)
            taken = between.taken()
            verbs = [verb(c) for e in taken for c in commands(e)]
            print(f"{title}: {len(taken)} exchanges {verbs}", flush=True)
            if os.environ.get("COMPAT_SCREENS"):
                print(seen.decode(errors="replace"))
            line = {"title": title, "keys": steps, "exchanges": shortened(taken, seen_routes)}
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")

        part("the panes open", [""])
        for title, steps in READS.items():
            part(title, steps)
        for title, (number, steps) in VERBS.items():
            go = [ESC, f":go {number}" + ENTER] if number else []
            part(title, go + steps)
        panes.leave()
        drafts(between, client, files)
    server.stop()


def shortened(exchanges, seen):
    """Leaves out the bodies of answers that say again what was said often, and reads of what was
    declared that came before the declaration: they depend on the moment."""
    is_early = lambda entry: entry["response"] and entry["response"]["status"] == 404
    exchanges = [entry for entry in exchanges if not is_early(entry)]
    for entry in exchanges:
        asked, answer = entry["request"], entry["response"]
        route = re.sub(r"[0-9a-f-]{36}", "{id}", asked["path"].split("?")[0])
        seen[route] = seen.get(route, 0) + 1
        if asked["method"] == "GET" and seen[route] > 2 and answer:
            answer.pop("body", None)
    return exchanges


def commands(entry):
    body = entry["request"].get("body") or {}
    return body.get("commands", []) if entry["request"]["method"] == "POST" else []


def verb(order):
    command = order["command"]
    return command["incident"]["ask"]["do"] if "incident" in command else next(iter(command))


def drafts(between, client, files):
    """What is being typed when the program is killed, and what is put away."""
    panes = Panes(client)
    for keys in ([":go 4" + ENTER, "n", "Put away on purpose ↓", ESC, "k"]):
        panes.press(keys)
    for keys in (["D", "Half a decl"]):
        panes.press(keys)
    time.sleep(0.5)
    panes.kill()
    state = client.home / "state/redphone"
    (files / "drafts").mkdir(exist_ok=True)
    for draft in (state / "drafts").glob("*.json"):
        shutil.copy(draft, files / "drafts" / draft.name)
    shutil.copy(state / "filters", files / "filters")
