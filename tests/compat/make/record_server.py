"""Records the server: every route, every command, every refusal.

    python3 record_server.py FILES
"""

import http.client
import json
import pathlib
import shutil
import socket
import sqlite3
import sys
import tempfile
import threading
import time

import refusals
import seed
import story
from exchange import Recorder, response
from program import Server, compress, run
from reads import reads, refused_reads

FILES = pathlib.Path(sys.argv[1]).absolute()
TO = FILES / "recordings"
TOKENS = {}


def make_tokens(home):
    """One of each scope, for a person and for a program, and one of each that no longer holds."""
    for name, scope, *more in (
        ("ines", "respond"), ("tom", "respond"), ("admin", "admin", "--person", "akiko"),
        ("watcher", "read"), ("Alertmanager", "ingest"), ("revoked", "respond"), ("soon", "read"),
    ):
        expires = "2026-03-10" if name == "soon" else "never"
        args = ["token", "create", "--name", name, "--scope", scope, "--expires", expires, *more]
        made = run(home, *args, now_offset=-15 * 86400).stdout.decode().strip()
        TOKENS[name] = made
    run(home, "token", "revoke", "revoked", now_offset=-14 * 86400)


def bearer(name):
    return ("Authorization", f"Bearer {TOKENS[name]}")


def home():
    folder = pathlib.Path(tempfile.mkdtemp())
    for part in ("data/redphone", "state", "config"):
        (folder / part).mkdir(parents=True)
    seed.write(folder / "seed.jsonl")
    run(folder, "import", "seed.jsonl")
    if TOKENS:
        shutil.copy(FILES / "tokens.json", folder / "data/redphone/redphone.tokens.json")
    else:
        make_tokens(folder)
        shutil.copy(folder / "data/redphone/redphone.tokens.json", FILES / "tokens.json")
    return folder


def main_recording():
    folder = home()
    server = Server(folder, "--requests-a-minute", "100000")
    to = Recorder(server, TO / "server-commands.jsonl", {"serve": ["--requests-a-minute", "100000"]})
    to.ask("changes from the start of an empty store", "GET", "/v1/changes", [bearer("ines")],
           save={"empty": "/cursor"})
    for title, who, order in story.all_of_it():
        answer = to.ask(title, "POST", "/v1/commands", [bearer(who)], {"commands": [order]})
        if "done" not in answer["body"]["answers"][0]:
            raise SystemExit(f"{title}: {answer}")
    for title, who, orders in refusals.refusals():
        times = 501 if "501" in title else 1
        to.ask(title, "POST", "/v1/commands", [bearer(who)], {"commands": orders}, times=times)
    for title, method, path, who, *more in reads():
        headers = [bearer(who)] if who else []
        to.ask(title, method, path, headers + list(more[0] if more else ()),
               save=more[1] if len(more) > 1 else None)
    for title, method, path, headers, body in refused_reads(bearer):
        to.ask(title, method, path, headers, body)
    held(to, folder)
    server.stop()
    to.to.close()
    lines = (folder / "access.jsonl").read_text().splitlines(keepends=True)
    (FILES / "access.jsonl").write_text("".join(lines[:3]))
    return folder


def held(to, folder):
    """Requests for changes that are held: one is answered by a command, one by the end of its time."""
    to.ask("changes now", "GET", "/v1/changes?since={empty}", [bearer("ines")], save={"now": "/cursor"})
    told = []
    hold = Recorder.__new__(Recorder)
    hold.server, hold.saved, hold.to = to.server, to.saved, None
    hold.line = told.append
    thread = threading.Thread(target=lambda: hold.ask(
        "changes, held until there are some", "GET", "/v1/changes?since={now}&wait=30",
        [bearer("tom")], save={"then": "/cursor"}, parked=True))
    thread.start()
    time.sleep(0.7)
    orders = seed.Story(0x180, hour=12)
    said = []
    to_line, to.line = to.line, said.append
    to.ask("a command while somebody waits", "POST", "/v1/commands", [bearer("ines")],
           {"commands": [orders.declare(60, "While somebody waits", services=["cdn"])]})
    to.line = to_line
    thread.join()
    to.line(told[0])
    to.line(said[0])
    to.ask("changes, held to the end of the time", "GET", "/v1/changes?since={then}&wait=1",
           [bearer("tom")])


def limited():
    server = Server(home(), "--requests-a-minute", "3")
    to = Recorder(server, TO / "server-limited.jsonl", {"serve": ["--requests-a-minute", "3"]})
    for count in range(1, 5):
        to.ask(f"request {count} of 3 a minute", "GET", "/v1/problems", [bearer("ines")])
    to.ask("a command is a request too", "POST", "/v1/commands", [bearer("ines")],
           {"commands": [seed.Story().declare(1, "Too often")]})
    to.ask("health is never limited", "GET", "/v1/health")
    server.stop()


def read_only():
    server = Server(home(), "--read-only")
    to = Recorder(server, TO / "server-read-only.jsonl", {"serve": [], "global": ["--read-only"]})
    to.ask("capabilities of what only reads", "GET", "/v1/capabilities", [bearer("admin")])
    to.ask("a command to what only reads", "POST", "/v1/commands", [bearer("admin")],
           {"commands": [seed.Story().declare(1, "Can't be")]})
    to.ask("incidents of what only reads", "GET", "/v1/incidents", [bearer("ines")])
    server.stop()


def bodies():
    server = Server(home(), "--max-body", "2048")
    to = Recorder(server, TO / "server-bodies.jsonl", {"serve": ["--max-body", "2048"]})
    large = seed.Story().declare(1, "Too long", symptoms="x" * 3000)
    to.ask("a body that is too long", "POST", "/v1/commands", [bearer("ines")], {"commands": [large]})
    to.ask("a body that fits", "POST", "/v1/commands", [bearer("ines")],
           {"commands": [seed.Story().declare(1, "Fits")]})
    server.stop()


def slow():
    """A body that does not arrive."""
    server = Server(home())
    to = Recorder(server, TO / "server-slow.jsonl", {"serve": []})
    with socket.create_connection(("127.0.0.1", server.port)) as conn:
        name, value = bearer("ines")
        conn.sendall(
            f"POST /v1/commands HTTP/1.1\r\nHost: incidents.test\r\n{name}: {value}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{".encode()
        )
        answer = http.client.HTTPResponse(conn)
        answer.begin()
        read = answer.read()
    told = {
        "title": "a body that does not arrive", "withheld": 99,
        "request": {"method": "POST", "path": "/v1/commands", "raw": "{",
                    "headers": [[name, value], ["Content-Type", "application/json"]]},
        "response": response(answer.status, answer.getheaders(), read),
    }
    told["response"]["headers"].pop("x-request-id", None)
    to.line(told)
    server.stop()


def damaged():
    """A store in which something makes no sense."""
    folder = home()
    server = Server(folder)
    orders = [order for title, who, order in story.all_of_it() if "record_" in title]
    for order in orders:
        headers = [bearer("admin"), ("Content-Type", "application/json")]
        server.ask("POST", "/v1/commands", headers, json.dumps({"commands": [order]}).encode())
    server.stop()
    store = folder / "data/redphone/redphone.db"
    with sqlite3.connect(store) as conn:
        conn.execute("UPDATE problem SET body = '{' WHERE id = (SELECT max(id) FROM problem)")
    conn.close()
    (FILES / "damaged").mkdir(exist_ok=True)
    shutil.copy(store, FILES / "damaged/redphone.db")
    server = Server(folder)
    to = Recorder(server, TO / "server-damaged.jsonl", {"serve": [], "store": "damaged"})
    to.ask("problems of which one makes no sense", "GET", "/v1/problems", [bearer("ines")])
    to.ask("incidents beside it", "GET", "/v1/incidents", [bearer("ines")])
    server.stop()
    compress(FILES / "damaged/redphone.db")
    without_paths(to, "server-damaged.jsonl", folder)


def lost():
    """A store that is taken away under a running server."""
    folder = home()
    server = Server(folder)
    to = Recorder(server, TO / "server-store-lost.jsonl", {"serve": []})
    store = folder / "data/redphone/redphone.db"
    to.ask("ready", "GET", "/v1/ready")
    to.line({"store": "moved away"})
    for end in ("", "-wal", "-shm"):
        if (file := pathlib.Path(str(store) + end)).exists():
            file.rename(str(file) + ".away")
    time.sleep(1.5)
    to.ask("not ready without its store", "GET", "/v1/ready")
    to.ask("alive without its store", "GET", "/v1/health")
    to.ask("incidents without the store", "GET", "/v1/incidents", [bearer("ines")])
    to.ask("capabilities without the store", "GET", "/v1/capabilities", [bearer("ines")])
    to.ask("a command without the store", "POST", "/v1/commands", [bearer("ines")],
           {"commands": [seed.Story().declare(1, "Nowhere to write it")]})
    server.stop()
    without_paths(to, "server-store-lost.jsonl", folder)


def without_paths(to, name, folder):
    """Takes the paths of the machine out of sentences."""
    to.to.close()
    (TO / name).write_text((TO / name).read_text().replace(str(folder), "{home}"))


if __name__ == "__main__":
    TO.mkdir(parents=True, exist_ok=True)
    folder = main_recording()
    run(folder, "export", "export.jsonl")
    shutil.copy(folder / "export.jsonl", FILES / "export.jsonl")
    (FILES / "data").mkdir(exist_ok=True)
    for name in ("redphone.db", "redphone.tokens.json"):
        shutil.copy(folder / "data/redphone" / name, FILES / "data" / name)
    compress(FILES / "data/redphone.db")
    shutil.copy(folder / "seed.jsonl", FILES / "seed.jsonl")
    limited()
    read_only()
    bodies()
    slow()
    damaged()
    lost()
    (FILES / "secrets.json").write_text(json.dumps(TOKENS, indent=1) + "\n")
    print(folder)
