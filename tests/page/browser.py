# SPDX-License-Identifier: MIT
"""Pages in Chromium, opened from a file with the network off."""

import base64
import json
import os
import pathlib
import sys
import time

from running import ASYNC

try:
    from selenium import webdriver
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
except ImportError:
    print("left out: there is no Selenium for Python")
    sys.exit(77)
DRIVER, CHROMIUM = "/usr/bin/chromedriver", "/usr/bin/chromium"
for needed in (DRIVER, CHROMIUM):
    if not os.access(needed, os.X_OK):
        print(f"left out: there is no {needed}")
        sys.exit(77)

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--force-color-profile=srgb",
         "--host-resolver-rules=MAP * ~NOTFOUND")



class Browser:
    def __init__(self, folder, width=1280, height=900):
        options = Options()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--window-size={width},{height}", f"--user-data-dir={folder}/profile"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.folder, self.asked, self.said = folder, [], []
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        self.driver.set_script_timeout(240)
        self.command("Network.enable")
        self.command("Network.emulateNetworkConditions", offline=True, latency=0,
                     downloadThroughput=-1, uploadThroughput=-1)
        self.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
        self.size(width, height)
        self.driver.get("about:blank")
        self.driver.get_log("performance")  # what it opens by itself

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def size(self, width, height):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1, mobile=width < 500)

    def scheme(self, name):
        self.command("Emulation.setEmulatedMedia",
                     features=[{"name": "prefers-color-scheme", "value": name},
                               {"name": "prefers-reduced-motion", "value": "reduce"}])

    def open(self, page, fragment=""):
        # From another page, as only the fragment of the same would not load it again.
        self.driver.get("about:blank")
        self.driver.get(pathlib.Path(page).as_uri() + fragment)
        self.wait("return document.body.dataset.ready !== undefined")

    def js(self, script, *arguments):
        """What an async function with this body returns; args are its arguments."""
        answer = self.driver.execute_async_script(ASYNC % script, *arguments)
        if "error" in answer:
            raise AssertionError(f"{answer['error']} in: {script}")
        return answer.get("value")

    def wait(self, script, *arguments, seconds=60):
        """Until it returns what is true, which is returned."""
        end = time.monotonic() + seconds
        while True:
            value = self.js(script, *arguments)
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {script}")
            time.sleep(0.05)

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def pointer(self, element, x, y):
        """Over a place of an element, in shares of its size, that is brought into view."""
        offset = self.js("""args[0].scrollIntoView({behavior: "instant", block: "center"});
            const box = args[0].getBoundingClientRect();
            const middle = (from, to, end) => (Math.max(from, 0) + Math.min(to, end)) / 2;
            return [box.left + args[1] * box.width - middle(box.left, box.right, innerWidth),
                    box.top + args[2] * box.height - middle(box.top, box.bottom, innerHeight)];""",
                         element, x, y)
        return ActionChains(self.driver, duration=20).move_to_element_with_offset(element, *map(int, offset))

    def click(self, selector):
        self.pointer(self.find(selector), 0.5, 0.5).click().perform()

    def keys(self, *keys):
        """To what has the focus."""
        for key in keys:
            ActionChains(self.driver, duration=0).send_keys(key).perform()

    def chord(self, *keys):
        """The last of them while the others are down."""
        *held, last = keys
        chain = ActionChains(self.driver, duration=0)
        for key in held:
            chain.key_down(key)
        chain.send_keys(last)
        for key in held:
            chain.key_up(key)
        chain.perform()

    def read_logs(self):
        self.said += [entry["message"] for entry in self.driver.get_log("browser")]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])

    def screenshot(self, name, whole=False):
        """Into the folder that is kept."""
        folder = pathlib.Path(os.environ.get("CBX_SCREENSHOTS", self.folder))
        folder.mkdir(parents=True, exist_ok=True)
        self.js("scrollTo({top: 0, behavior: 'instant'}); await waitFor(args[0])", 300)
        if whole:
            picture = self.command("Page.captureScreenshot", captureBeyondViewport=True,
                                   clip=self.whole_page())
            (folder / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))
        else:
            self.driver.save_screenshot(str(folder / f"{name}.png"))

    def whole_page(self):
        size = self.command("Page.getLayoutMetrics")["cssContentSize"]
        return {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 12000),
                "scale": 1}

    def close(self):
        self.driver.quit()
