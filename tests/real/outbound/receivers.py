"""A mail server with STARTTLS and passwords, and a receiver of signed webhooks, on loopback.

Writes the two ports to `ports`, and what arrived to `received` as JSON Lines, both in the folder of
the first argument.
"""

import http.server
import json
import pathlib
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from standardwebhooks import Webhook

folder = pathlib.Path(sys.argv[1])
password = (folder / "mail.secret").read_bytes().strip()
secret = (folder / "hook.secret").read_text().strip()


def tls():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "leaf.pem", folder / "leaf.key")
    return context


def record(value):
    with open(folder / "received", "a") as file:
        file.write(json.dumps(value) + "\n")


def authenticate(server, session, envelope, mechanism, data):
    valid = isinstance(data, LoginPassword) and (data.login, data.password) == (b"redphone", password)
    return AuthResult(success=valid, handled=False)


class Mail:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address != "ines@example.org":
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        record({
            "kind": "mail", "to": envelope.rcpt_tos, "tls": session.ssl is not None,
            "authenticated": session.authenticated, "content": envelope.content.decode(),
        })
        return "250 2.0.0 queued as 4711"


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            payload = Webhook(secret).verify(body, dict(self.headers))
            record({"kind": "hook", "type": payload["type"], "address": payload["data"]["address"]})
            self.send_response(204)
        except Exception as error:
            record({"kind": "refused", "error": repr(error)})
            self.send_response(401)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


mail = Controller(
    Mail(), hostname="127.0.0.1", port=0, tls_context=tls(), require_starttls=True,
    auth_required=True, authenticator=authenticate,
)


def trigger():
    # The controller connects to find out that it listens, and would connect to port 0.
    mail.port = mail.server.sockets[0].getsockname()[1]
    Controller._trigger_server(mail)


mail._trigger_server = trigger
mail.start()
hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
hook.socket = tls().wrap_socket(hook.socket, server_side=True)
(folder / "ports.new").write_text(f"{mail.port} {hook.server_address[1]}\n")
(folder / "ports.new").rename(folder / "ports")
threading.Thread(target=hook.serve_forever, daemon=True).start()
threading.Event().wait()
