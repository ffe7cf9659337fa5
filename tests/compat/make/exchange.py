"""Exchanges as they are written down: one JSON object a line."""

import gzip
import json
import re

# Headers of an answer that say something to a client.
SAID = {
    "allow", "cache-control", "connection", "content-encoding", "content-type", "etag",
    "retry-after", "vary", "www-authenticate", "x-request-id",
}
# Headers of a request that say something to a server.
REQUESTED = {
    "accept", "accept-encoding", "authorization", "content-encoding", "content-type",
    "if-none-match", "transfer-encoding", "x-request-id",
}


def response(status, headers, body):
    """What a server answered; a compressed body is written down as it was before."""
    said = {}
    for name, value in headers:
        name = name.lower()
        if name in SAID:
            said[name] = value
    if said.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    told = {"status": status, "headers": said}
    if "json" in said.get("content-type", "") and body:
        told["body"] = json.loads(body)
    elif body:
        told["text"] = body.decode()
    return told


def request(method, path, headers, body):
    """What a client asked. A body that is no JSON is written as text, a character for a byte."""
    asked = {"method": method, "path": path, "headers": headers}
    if body is not None:
        try:
            asked["body"] = json.loads(body)
        except ValueError:
            asked["raw"] = body.decode("latin-1")
    return asked


def pointed(value, pointer):
    for part in pointer.split("/")[1:]:
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


class Recorder:
    """Asks a server and writes down what it was asked and answered.

    What one answer says and a later request repeats (a position, a page mark, a tag) has a name:
    `save` says where in the answer it stands, and `{name}` stands in the later request for it.
    """

    def __init__(self, server, to, setup):
        self.server, self.saved = server, {}
        self.to = open(to, "w", encoding="utf-8")
        self.line(setup)

    def line(self, value):
        self.to.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")

    def fill(self, text):
        return re.sub(r"\{(\w+)\}", lambda m: self.saved[m[1]], text)

    def ask(self, title, method, path, headers=(), body=None, save=None, parked=None, times=1):
        headers = [list(h) for h in headers]
        filled = [(n, self.fill(v)) for n, v in headers]
        asked = body
        if times > 1:
            asked = {"commands": body["commands"] * times}
        if isinstance(body, (dict, list)):
            asked = json.dumps(asked, ensure_ascii=False).encode()
            body = json.dumps(body, ensure_ascii=False).encode()
            headers.append(["Content-Type", "application/json"])
            filled.append(("Content-Type", "application/json"))
        status, said, read = self.server.ask(method, self.fill(path), filled, asked)
        entry = {"title": title, "request": request(method, path, headers, body)}
        entry["response"] = response(status, said, read)
        if "x-request-id" not in [h[0].lower() for h in headers]:
            entry["response"]["headers"].pop("x-request-id", None)
        if save:
            entry["save"] = save
            for name, at in save.items():
                if at.startswith("header:"):
                    self.saved[name] = entry["response"]["headers"][at[7:]]
                else:
                    self.saved[name] = pointed(entry["response"]["body"], at)
        if times > 1:
            entry["times"] = times
        if path == "/v1/openapi.json":
            # It stands in a file of its own.
            entry["response"].pop("body", None)
        if parked:
            entry["parked"] = True
        self.line(entry)
        return entry["response"]
