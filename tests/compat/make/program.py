"""Runs the program that is recorded: with a clock of its own, a home of its own, and nothing else."""

import atexit
import datetime
import gzip
import http.client
import os
import pathlib
import subprocess
import time

PROGRAM = os.environ["COMPAT_PROGRAM"]
CLOCK = os.environ["COMPAT_CLOCK"]
# When all that is recorded is said to happen: later than all that is in it, earlier than any test.
NOW = datetime.datetime(2026, 3, 20, 9, 0, tzinfo=datetime.timezone.utc)
OFFSET = int(NOW.timestamp() - time.time())


def environment(home, now_offset=0, **more):
    home = pathlib.Path(home)
    env = {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "REDPHONE_USER": "ines",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TZ": "UTC",
        "LD_PRELOAD": CLOCK,
        "COMPAT_CLOCK_OFFSET": str(OFFSET + now_offset),
    }
    env.update(more)
    return env


def run(home, *args, stdin=None, ok=True, **more):
    done = subprocess.run(
        [PROGRAM, *args], env=environment(home, **more), input=stdin, capture_output=True, cwd=home
    )
    if ok and done.returncode != 0:
        raise SystemExit(f"{args}: {done.returncode} {done.stderr.decode()}")
    return done


def compress(path):
    """Puts a compressed file in the place of one that is not text."""
    data = pathlib.Path(path).read_bytes()
    pathlib.Path(f"{path}.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    pathlib.Path(path).unlink()


class Server:
    """`redphone serve` on a free port."""

    def __init__(self, home, *args, **more):
        args = [PROGRAM, *args] if args and args[0] == "--read-only" else [PROGRAM, "serve", *args]
        if args[1] == "--read-only":
            args = [PROGRAM, "--read-only", "serve", *args[2:]]
        args += ["--listen", "127.0.0.1:0", "--access-log", str(pathlib.Path(home) / "access.jsonl")]
        self.child = subprocess.Popen(
            args, env=environment(home, **more), stdout=subprocess.PIPE, cwd=home
        )
        atexit.register(self.child.kill)
        line = self.child.stdout.readline().decode()
        self.port = int(line.rsplit(":", 1)[1])

    def stop(self, how=15):
        self.child.send_signal(how)
        self.child.wait()

    def ask(self, method, path, headers, body=None):
        """Sends one request as it is and gives status, headers and body."""
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        conn.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        conn.putheader("Host", "incidents.test")
        for name, value in headers:
            conn.putheader(name, value)
        if body is not None:
            conn.putheader("Content-Length", str(len(body)))
        conn.endheaders(body)
        answer = conn.getresponse()
        read = answer.read()
        conn.close()
        return answer.status, answer.getheaders(), read
