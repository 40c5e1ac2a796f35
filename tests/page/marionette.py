# SPDX-License-Identifier: MIT
"""Firefox by what it listens to itself, Marionette: there is no geckodriver in Debian 12. A message is
its length, a colon, and JSON: [0, number, command, parameters], answered by [1, number, error, result]."""

import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

from running import ASYNC

PREFERENCES = """user_pref("marionette.port", %d);
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 9);
user_pref("media.autoplay.default", 0);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.auto", false);
user_pref("browser.shell.checkDefaultBrowser", false);
"""


def firefox():
    return shutil.which("firefox-esr") or shutil.which("firefox")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Firefox:
    def __init__(self, folder):
        profile, port = folder / "firefox", free_port()
        profile.mkdir()
        (profile / "user.js").write_text(PREFERENCES % port, encoding="ascii")
        self.number, self.folder = 0, folder
        with open(folder / "firefox.log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [firefox(), "--headless", "--marionette", "-remote-allow-system-access",
                 "--no-remote", "--profile", profile],
                env={**os.environ, "HOME": str(folder)}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.connect(port)
        self.receive()  # its greeting
        self.send("WebDriver:NewSession", capabilities={"alwaysMatch": {"pageLoadStrategy": "normal"}})
        self.send("WebDriver:SetTimeouts", script=240000, pageLoad=120000)
        self.send("WebDriver:SetWindowRect", width=1280, height=900)

    def connect(self, port):
        for _ in range(600):
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=300)
                self.stream = self.socket.makefile("rb")
                return
            except ConnectionRefusedError:
                time.sleep(0.1)
        raise AssertionError((self.folder / "firefox.log").read_text(errors="replace"))

    def receive(self):
        length = b""
        while not length.endswith(b":"):
            byte = self.stream.read(1)
            if not byte:
                raise AssertionError("Firefox has gone")
            length += byte
        return json.loads(self.stream.read(int(length[:-1])))

    def send(self, command, **parameters):
        self.number += 1
        message = json.dumps([0, self.number, command, parameters])
        self.socket.sendall(f"{len(message)}:{message}".encode())
        _, number, error, result = self.receive()
        if error or number != self.number:
            raise AssertionError(f"{command}: {error}")
        return result

    def open(self, page):
        self.send("WebDriver:Navigate", url=pathlib.Path(page).as_uri())
        self.wait("return document.body.dataset.ready !== undefined")

    def js(self, script, *arguments):
        answer = self.send("WebDriver:ExecuteAsyncScript", script=ASYNC % script, args=arguments,
                           newSandbox=False, sandbox=None)["value"]
        if "error" in answer:
            raise AssertionError(f"{answer['error']} in: {script}")
        return answer.get("value")

    def wait(self, script, *arguments, seconds=60):
        end = time.monotonic() + seconds
        while not (value := self.js(script, *arguments)):
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {script}")
            time.sleep(0.05)
        return value

    def screenshot(self, name):
        folder = pathlib.Path(os.environ.get("CBX_SCREENSHOTS", self.folder))
        folder.mkdir(parents=True, exist_ok=True)
        picture = self.send("WebDriver:TakeScreenshot", full=True)["value"]
        (folder / f"{name}.png").write_bytes(base64.b64decode(picture))

    def console(self):
        """What went wrong, as its console has it."""
        self.send("Marionette:SetContext", value="chrome")
        told = self.send("WebDriver:ExecuteScript", args=[], script="""
            return Services.console.getMessageArray()
                .filter((one) => one instanceof Ci.nsIScriptError && /^(file|blob):/.test(one.sourceName))
                .map((one) => `${one.sourceName}:${one.lineNumber} ${one.errorMessage}`);""")["value"]
        self.send("Marionette:SetContext", value="content")
        return told

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(60)
