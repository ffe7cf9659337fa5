"""A proxy between the program as a client and the program as a server, which writes down what passes.

Clients know the server as http://incidents.test and reach it through HTTP_PROXY, so that what they
keep of it has the same name whatever the port is. It also answers as if it were the server itself.
"""

import http.client
import http.server
import threading

from exchange import REQUESTED, request, response

URL = "http://incidents.test"


class Between:
    def __init__(self):
        self.upstream, self.exchanges, self.lock = None, [], threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def pass_on(self):
                outer.pass_on(self)

            do_GET = do_POST = do_HEAD = pass_on

            def log_message(self, *_):
                pass

        self.listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listener.daemon_threads = True
        self.port = self.listener.server_address[1]
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def pass_on(self, asked):
        length = int(asked.headers.get("Content-Length", 0))
        body = asked.rfile.read(length) if length else None
        path = asked.path.removeprefix(URL)
        named = [[k, v] for k, v in asked.headers.items() if k.lower() in REQUESTED]
        entry = {"request": request(asked.command, path, named, body)}
        with self.lock:
            self.exchanges.append(entry)
        if self.upstream is None:
            entry["response"] = None
            asked.close_connection = True
            return
        try:
            conn = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=90)
            headers = {k: v for k, v in asked.headers.items() if k.lower() not in ("proxy-connection",)}
            conn.request(asked.command, path, body=body, headers=headers)
            answer = conn.getresponse()
            read = answer.read()
        except OSError:
            entry["response"] = None
            asked.close_connection = True
            return
        entry["response"] = response(answer.status, answer.getheaders(), read)
        entry["response"]["headers"].pop("x-request-id", None)
        asked.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                asked.send_header(name, value)
        if answer.status != 304:
            asked.send_header("Content-Length", str(len(read)))
        asked.end_headers()
        try:
            asked.wfile.write(read)
        except OSError:
            pass

    def taken(self):
        """What has passed since it was asked last; what was not answered in time is left out."""
        with self.lock:
            taken, self.exchanges = self.exchanges, []
        return [entry for entry in taken if "response" in entry]
