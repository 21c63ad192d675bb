"""A headless Chromium, driven through the DevTools protocol over a pipe.

No port, no driver program, no package: messages are JSON texts that end in NUL
on file descriptors 3 (to the browser) and 4 (from it).
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1600,1200",
    "--remote-debugging-pipe",
]


def find_chromium():
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    return None


class BrowserError(Exception):
    pass


class Refused(BrowserError):
    """The browser could not carry out a command, because the page goes away, say."""


class Chromium:
    """One page. A context manager: leaving it ends the browser."""

    def __init__(self, program, timeout_s=120):
        self._timeout_s = timeout_s
        self._profile = tempfile.mkdtemp(prefix="datamon-chromium-")
        self._log = open(os.path.join(self._profile, "stderr"), "w+b")
        to_read, self._to = os.pipe()
        self._from, from_write = os.pipe()
        # The shell moves the pipes to 3 and 4, whatever their numbers are here.
        command = f'exec "$@" 3<&{to_read} 4>&{from_write} {to_read}<&- {from_write}>&-'
        if {to_read, from_write} & {3, 4}:
            raise BrowserError("file descriptors 3 and 4 must be taken: run under pytest")
        self._process = subprocess.Popen(
            ["bash", "-c", command, "bash", program, *FLAGS, f"--user-data-dir={self._profile}"],
            pass_fds=(to_read, from_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
        )
        os.close(to_read)
        os.close(from_write)
        self._buffer = b""
        self._number = 0
        self.console = []
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        attach = {"targetId": target, "flatten": True}
        self._session = self._call("Target.attachToTarget", attach)["sessionId"]
        self.call("Page.enable")
        self.call("Runtime.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._log.close()
        shutil.rmtree(self._profile, ignore_errors=True)

    def _fail(self, why, kind=BrowserError):
        self._log.seek(0)
        tail = self._log.read()[-2000:].decode(errors="replace")
        raise kind(f"{why}\nconsole: {self.console[-10:]}\nbrowser: {tail}")

    def _receive(self, deadline):
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._from], [], [], left)[0]:
                self._fail(f"no answer from the browser in {self._timeout_s} s")
            data = os.read(self._from, 1 << 20)
            if not data:
                self._fail("the browser ended")
            self._buffer += data
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def _call(self, method, params=None, session=None):
        self._number += 1
        message = {"id": self._number, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self._timeout_s
        while True:
            answer = self._receive(deadline)
            if answer.get("method") == "Runtime.consoleAPICalled":
                self.console.append([a.get("value") for a in answer["params"]["args"]])
            if answer.get("id") == self._number:
                if "error" in answer:
                    self._fail(f"{method}: {answer['error']}", Refused)
                return answer["result"]

    def call(self, method, params=None):
        return self._call(method, params, self._session)

    def open(self, url):
        self.call("Page.navigate", {"url": url})

    def evaluate(self, expression):
        """The value of a JavaScript expression; promises are waited for."""
        answer = self.call(
            "Runtime.evaluate",
            {"expression": expression, "awaitPromise": True, "returnByValue": True},
        )
        if "exceptionDetails" in answer:
            self._fail(f"JavaScript: {json.dumps(answer['exceptionDetails'])[:1000]}")
        return answer["result"].get("value")

    def wait_for(self, expression, timeout_s=120):
        """Until a JavaScript condition holds, in this page or in the one it is about to open."""
        deadline = time.monotonic() + timeout_s
        while not self._holds(expression):
            if time.monotonic() > deadline:
                self._fail(f"never true: {expression}")
            time.sleep(0.05)

    def _holds(self, expression):
        try:
            return self.evaluate(expression)
        except Refused:  # the old page's context is gone
            return False

    def screenshot(self, path):
        picture = self.call("Page.captureScreenshot", {"format": "png"})["data"]
        with open(path, "wb") as out:
            out.write(base64.b64decode(picture))
