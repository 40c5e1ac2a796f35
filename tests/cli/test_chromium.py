# SPDX-License-Identifier: MIT
"""Chromium plays films: seeks land on the frame that is meant, and what a
canvas shows is what ffmpeg decodes, of those that the device encodes, or what was drawn, of animated
pictures."""

import base64
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading

from support import CliTest, film_frames, main, write_dataset

if not shutil.which("ffmpeg"):
    print("left out: there is no ffmpeg")
    sys.exit(77)

# Of red, green and blue. Both round, Chromium with few bits; chroma is not interpolated.
TOLERANCE = 4

# hidden, scale, frames a second, a frame after so many batches
FILMS = ((9, 1, 20, 5), (37, 1, 20, 5), (3, 2, 70, 1))

PAGE = """<!doctype html><video muted></video><canvas></canvas><script>
const [video, canvas] = document.body.children;
const seen = (what) => new Promise((done, failed) => {
    video.addEventListener(what, done, {once: true});
    video.addEventListener("error", () => failed(video.error.message), {once: true});
});
const as_base64 = (bytes) => new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.readAsDataURL(new Blob([bytes]));
});
// The frame is there some time after the event.
async function seek(seconds) {
    const there = seen("seeked"), shown = new Promise((done) =>
        video.requestVideoFrameCallback((now, frame) => done(frame.mediaTime)));
    video.currentTime = seconds;
    await there;
    return await shown;
}
async function look(wanted) {
    const loaded = seen("loadeddata"), times = [], pictures = [];
    video.src = URL.createObjectURL(await (await fetch("film")).blob());
    await loaded;
    const [width, height] = [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    const paint = canvas.getContext("2d", {willReadFrequently: true});
    for (const seconds of wanted) {
        times.push(await seek(seconds));
        paint.drawImage(video, 0, 0);
        pictures.push(await as_base64(paint.getImageData(0, 0, width, height).data));
    }
    video.currentTime = 0;
    const ended = seen("ended");
    video.playbackRate = 4;
    await video.play();
    await ended;
    return {width, height, times, pictures, duration: video.duration, end: video.currentTime};
}
// Of an animated picture: how many there are, for how long, and what is on the last.
async function leaf(type) {
    const decoder = new ImageDecoder({type, data: await (await fetch("film")).arrayBuffer()});
    await Promise.all([decoder.completed, decoder.tracks.ready]);
    const track = decoder.tracks.selectedTrack, durations = [];
    let last;
    for (let frameIndex = 0; frameIndex < track.frameCount; frameIndex++) {
        last = (await decoder.decode({frameIndex})).image;
        durations.push(last.duration / 1000);
    }
    const [width, height] = [canvas.width, canvas.height] = [last.displayWidth, last.displayHeight];
    const paint = canvas.getContext("2d");
    paint.drawImage(last, 0, 0);
    return {width, height, durations, loops: track.repetitionCount === Infinity,
            last: await as_base64(paint.getImageData(0, 0, width, height).data)};
}
fetch("wanted").then((answer) => answer.json())
    .then((wanted) => typeof wanted === "string" ? leaf(wanted) : look(wanted))
    .catch((error) => ({error: String(error)}))
    .then((told) => fetch("told", {method: "POST", body: JSON.stringify(told)}));
</script>"""


class Site:
    """The page, what it needs, and what it tells."""

    def __init__(self, film, wanted):
        self.told, self.over = None, threading.Event()
        content = {"/": ("text/html", PAGE.encode()), "/film": ("video/mp4", film),
                   "/wanted": ("application/json", json.dumps(wanted).encode())}
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, code, kind, body):
                self.send_response(code)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if self.path in content:
                    self.answer(200, *content[self.path])
                else:
                    self.answer(404, "text/plain", b"")

            def do_POST(self):
                site.told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.answer(200, "text/plain", b"")
                site.over.set()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def end(browser):
    """With all the processes that it has."""
    try:
        os.killpg(browser.pid, signal.SIGTERM)
        browser.wait(20)
        os.killpg(browser.pid, signal.SIGKILL)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        browser.kill()
        browser.wait()


def watch(folder, film, wanted):
    """What Chromium tells of the film: pictures at so many seconds, and how it went to the end."""
    site = Site(film, wanted)
    home = folder / "home"
    home.mkdir(exist_ok=True)
    log = folder / "chromium.log"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
               "--no-first-run", "--no-proxy-server", "--disable-background-networking",
               "--disable-component-update", "--force-color-profile=srgb",
               f"--user-data-dir={home}", f"http://127.0.0.1:{site.server.server_port}/"]
    with open(log, "w", encoding="utf-8") as stderr:
        browser = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=stderr, start_new_session=True,
                                   env={**os.environ, "HOME": str(home)})
        site.over.wait(240)
        end(browser)
    site.server.shutdown()
    site.server.server_close()
    if site.told is None or "error" in site.told:
        raise AssertionError(f"{site.told}\n{log.read_text(errors='replace')}")
    return site.told


def decode(path):
    """The planes of each frame."""
    raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt",
                          "yuv420p", "-"], stdin=subprocess.DEVNULL, capture_output=True,
                         check=True, timeout=300).stdout
    size = len(raw) // film_frames(path)
    return [raw[at:at + size] for at in range(0, len(raw), size)]


def is_picture(rgba, planes, width, height):
    """BT.709 in limited range, everywhere within the tolerance?"""
    cb, cr = width * height, width * height * 5 // 4
    for at in range(width * height):
        of_chroma = at // width // 2 * (width // 2) + at % width // 2
        luma = (planes[at] - 16) / 219
        blue, red = ((planes[plane + of_chroma] - 128) / 224 for plane in (cb, cr))
        for i, value in enumerate((luma + 1.5748 * red, luma - 0.1873 * blue - 0.4681 * red,
                                   luma + 1.8556 * blue)):
            if abs(rgba[4 * at + i] - 255 * min(1, max(0, value))) > TOLERANCE:
                return False
    return True


class Chromium(CliTest):
    def film(self, hidden, scale, fps, frame_every):
        data = write_dataset(self.folder / "data", train=600)
        self.assert_done(self.learn("--encoder", "device", "--data", data, "--batch", 2, "--epochs",
                                    2, "--hidden", hidden, "--scale", scale, "--fps", fps,
                                    "--learning-rate", 0.05, "--frame-every", frame_every, "-o",
                                    f"{hidden}.mp4"))
        return self.folder / f"{hidden}.mp4"

    def check(self, path, fps):
        count, group = film_frames(path), min(140, 2 * fps)
        self.assertGreater(count, 2 * group)
        # Back and forth, in and around each group, and at both ends.
        wanted = [0, count - 1, 1, group, group - 1, 2 * group - 1, 2 * group, 2 * group + 1,
                  group + 1, count - 2, group // 2, 3, 2]
        told = watch(self.folder, path.read_bytes(), [(number + 0.5) / fps for number in wanted])
        self.assertAlmostEqual(told["duration"], count / fps, places=3)
        self.assertAlmostEqual(told["end"], count / fps, places=3)
        width, height = told["width"], told["height"]
        frames = decode(path)
        self.assertEqual({len(planes) for planes in frames}, {width * height * 3 // 2})
        self.assertEqual((len(frames), len(told["pictures"])), (count, len(wanted)))
        for number, time in zip(wanted, told["times"]):
            self.assertAlmostEqual(time, number / fps, places=3)
        for number, picture in zip(wanted, map(base64.b64decode, told["pictures"])):
            shown = [i for i, planes in enumerate(frames)
                     if is_picture(picture, planes, width, height)]
            self.assertIn(number, shown)
            self.assertLess(len(shown), 4, "frames that look alike say nothing")

    def animation(self, ending, kind):
        """What Chromium tells of one, and the pixels of the last frame as it was drawn."""
        data = write_dataset(self.folder / "data", train=600)
        self.assert_done(self.learn("--data", data, "--batch", 10, "--epochs", 1, "--hidden", 9,
                                    "--scale", 2, "--learning-rate", 0.2, "-o", f"a.{ending}",
                                    "--picture", "a.png"))
        drawn = subprocess.run(["ffmpeg", "-v", "error", "-i", self.folder / "a.png", "-f", "rawvideo",
                                "-pix_fmt", "rgba", "-"], stdin=subprocess.DEVNULL, timeout=300,
                               capture_output=True, check=True).stdout
        told = watch(self.folder, (self.folder / f"a.{ending}").read_bytes(), kind)
        return told, base64.b64decode(told["last"]), drawn

    def test_animations(self):
        """50 frames at 70 a second: how long they last, that they go on and on, and how they end."""
        for ending, kind, count, off in (("gif", "image/gif", 36, 4), ("webp", "image/webp", 50, 1),
                                         ("apng", "image/png", 50, 1)):
            with self.subTest(ending=ending):
                told, last, drawn = self.animation(ending, kind)
                self.assertTrue(told["loops"])
                self.assertLessEqual(len(told["durations"]), count)
                self.assertGreater(len(told["durations"]), count * 3 // 4)
                self.assertAlmostEqual(sum(told["durations"]), 1000 * 50 / 70, delta=25)
                self.assertLessEqual(max(abs(a - b) for a, b in zip(last, drawn)), off)

    def test_webm(self):
        """Seeks land, and it plays to its end."""
        data = write_dataset(self.folder / "data", train=600)
        self.assert_done(self.learn("--data", data, "--batch", 10, "--epochs", 1, "--hidden", 9,
                                    "-o", "a.webm"))
        wanted = [0, 49, 30, 1, 48, 45, 2]
        told = watch(self.folder, (self.folder / "a.webm").read_bytes(),
                     [(number + 0.5) / 70 for number in wanted])
        self.assertEqual((told["width"], told["height"]), (84, 84))
        for number, time in zip(wanted, told["times"]):
            self.assertAlmostEqual(time, number / 70, delta=0.002)
        self.assertAlmostEqual(told["duration"], 50 / 70, delta=0.02)

    def test_films(self):
        for hidden, scale, fps, frame_every in FILMS:
            with self.subTest(hidden=hidden):
                self.check(self.film(hidden, scale, fps, frame_every), fps)


main()
