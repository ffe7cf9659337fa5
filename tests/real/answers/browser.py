"""Opens a page in a headless browser of the size of a phone, presses its button, and prints what the page says.

Arguments: the URL, the folder of the pictures, and `--no-sandbox` where the browser runs as root. Speaks WebDriver
with chromedriver; uses nothing but Python's own library.
"""

import base64
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

url, folder = sys.argv[1], pathlib.Path(sys.argv[2])
driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
port = None
for line in driver.stdout:
    if found := re.search(r"successfully on port (\d+)", line):
        port = int(found[1])
        break
if port is None:
    sys.exit("chromedriver says no port")
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(method, path, body=None):
    data = json.dumps(body).encode() if method == "POST" else None
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, method=method)
    request.add_header("content-type", "application/json")
    with opener.open(request, timeout=60) as response:
        return json.load(response)["value"]


def find(css):
    found = call("POST", f"{session}/elements", {"using": "css selector", "value": css})
    return [next(iter(element.values())) for element in found]


def text(css):
    return call("GET", f"{session}/element/{find(css)[0]}/text")


def wait_for_answer():
    """Waits until the page that the button leads to is there. While it loads, nothing can be found."""
    for _ in range(300):
        try:
            if not find("button") and find("body"):
                return
        except urllib.error.HTTPError:
            pass
        time.sleep(0.1)
    sys.exit("there is a button still")


def picture(name):
    (folder / name).write_bytes(base64.b64decode(call("GET", f"{session}/screenshot")))


try:
    options = {
        "args": ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", *sys.argv[3:]],
        "mobileEmulation": {"deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 2.0}},
    }
    capabilities = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
    session = "/session/" + call("POST", "/session", {"capabilities": capabilities})["sessionId"]
    call("POST", f"{session}/url", {"url": url})
    picture("question.png")
    print(text("body"))
    # All of it fits on the width of the phone.
    script = "return document.documentElement.scrollWidth <= 390"
    if not call("POST", f"{session}/execute/sync", {"script": script, "args": []}):
        sys.exit("the page is wider than the phone")
    buttons = find("button")
    if len(buttons) != 1:
        sys.exit(f"the page has {len(buttons)} buttons")
    call("POST", f"{session}/element/{buttons[0]}/click", {})
    wait_for_answer()
    print(text("body"))
    picture("done.png")
    call("DELETE", session)
finally:
    driver.terminate()
    driver.wait()
