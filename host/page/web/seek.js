// SPDX-License-Identifier: MIT
// Videos that show the frame that is meant. A seek goes to the middle of a frame, and is over when
// the browser says that this frame is there, which is some time after the event "seeked".

function nextEvent(target, name) {
  return new Promise((done, failed) => {
    target.addEventListener(name, done, { once: true });
    target.addEventListener("error", () => failed(target.error), { once: true });
  });
}

function waitFor(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

// A picture that is there already is not announced again in every browser: so there is an end.
function nextPicture(video) {
  if (!video.requestVideoFrameCallback) {
    return nextEvent(video, "seeked").then(() => waitFor(50));
  }
  const shown = new Promise((done) => video.requestVideoFrameCallback(done));
  return Promise.race([shown, nextEvent(video, "seeked").then(() => waitFor(250))]);
}

async function loadVideo(video, url) {
  const loaded = nextEvent(video, "loadeddata");
  video.muted = true;
  video.playsInline = true;
  video.preload = "auto";
  video.src = url;
  await loaded;
}

async function seekFrame(video, frame, fps) {
  const over = nextEvent(video, "seeked");
  const there = nextPicture(video);
  video.currentTime = (frame + 0.5) / fps;
  await over;
  await there;
}

// While a seek takes its time, only the last of the frames that are wanted meanwhile is kept. Promises
// that there is nothing left to do.
function makeSeeker(video, fps, shown) {
  let wanted = null;
  let work = null;
  const seekAll = async () => {
    while (wanted !== null) {
      const next = wanted;
      wanted = null;
      await seekFrame(video, next, fps);
      shown(next);
    }
    work = null;
  };
  return (frame) => {
    wanted = frame;
    work ??= seekAll();
    return work;
  };
}

// One after the other: what `work` promises is waited for before the next begins.
function makeQueue() {
  let last = Promise.resolve();
  return (work) => {
    const now = last.then(work);
    last = now.catch(() => {});
    return now;
  };
}
