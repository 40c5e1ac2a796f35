// SPDX-License-Identifier: MIT
// The player of the film: scrubber, speed, single frames by number and by keyboard.

const FILM_SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4];
const FILM_KEYS = "Arrow keys or comma and full stop: a frame back or on, with Shift ten. Home and "
  + "End: first and last. Space: play, stop.";

// Is it going by itself?
function filmPlays() {
  const video = document.getElementById("film-video");
  return video !== null && !video.paused;
}

function playerControls(facts) {
  const { frames, width, height } = facts.film;
  const option = (value) => makeElement("option", { value, selected: value === 1 }, `${value}×`);
  return {
    video: makeElement("video", { id: "film-video", tabindex: 0, width, height,
      "aria-label": `Film of the hidden neurons. ${FILM_KEYS}` }),
    play: makeElement("button", { id: "film-play", class: "strong" }, "Play"),
    back: makeElement("button", { id: "film-back", "aria-label": "One frame back" }, "‹"),
    on: makeElement("button", { id: "film-on", "aria-label": "One frame on" }, "›"),
    scrub: makeElement("input", { id: "film-scrub", type: "range", min: 0, max: frames - 1,
      step: 1, "aria-label": "Frame of the film" }),
    number: makeElement("input", { id: "film-number", type: "number", min: 1, max: frames, step: 1,
      "aria-label": "Number of the frame" }),
    speed: makeElement("select", { id: "film-speed", "aria-label": "Speed" },
      ...FILM_SPEEDS.map(option)),
    told: makeElement("p", { id: "film-told", class: "number" }),
  };
}

// What the controls say of a frame.
function tellFrame(c, facts, frame) {
  const batch = batchOfFrame(frame);
  const epoch = Math.ceil(batch / facts.batches_per_epoch);
  c.scrub.value = frame;
  c.scrub.setAttribute("aria-valuetext", `frame ${frame + 1}, batch ${batch}, epoch ${epoch}`);
  if (document.activeElement !== c.number) {
    c.number.value = frame + 1;
  }
  c.told.dataset.batch = batch;
  c.told.textContent =
    `Epoch ${epoch}, batch ${wholeNumber(batch)} of ${wholeNumber(facts.batches)}`;
}

// What a press of a key asks for: a frame, or null.
function frameOfKey(event, frame, last) {
  const step = event.shiftKey ? 10 : 1;
  switch (event.key) {
    case "ArrowLeft": case ",": case "<": return frame - step;
    case "ArrowRight": case ".": case ">": return frame + step;
    case "Home": return 0;
    case "End": return last;
    default: return null;
  }
}

// While it plays, the browser says which picture is there.
function followVideo(video, told) {
  const follow = (now, picture) => {
    if (video.paused) {
      return;
    }
    told(picture ? Math.round(picture.mediaTime * film.fps)
      : Math.floor(video.currentTime * film.fps));
    next();
  };
  const next = () => {
    if (video.requestVideoFrameCallback) {
      video.requestVideoFrameCallback(follow);
    } else {
      requestAnimationFrame((now) => follow(now, null));
    }
  };
  next();
}

function listenToKeys(card, c, act) {
  card.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey
        || event.target === c.number || event.target === c.speed) {
      return;
    }
    const frame = frameOfKey(event, act.frame(), film.frames - 1);
    if (frame !== null) {
      act.go(frame);
    } else if (event.key === " " && event.target.localName !== "button") {
      act.turn();
    } else {
      return;
    }
    event.preventDefault();
  });
}

// A pixel of the film under the pointer.
function openNeuronAt(video, event) {
  const box = video.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width * film.width;
  const y = (event.clientY - box.top) / box.height * film.height;
  const neuron = film.geometry.neuronAt(x, y);
  if (neuron !== null) {
    choose("neuron", neuron);
  }
}

// Shows frames, tells others of them, and is told by others.
function playFilm(facts, c, card) {
  const last = film.frames - 1;
  let frame = last;
  const cut = (number) => Math.min(Math.max(Math.round(number), 0), last);
  const note = (number) => { c.video.dataset.frame = number; };
  const loaded = loadVideo(c.video, film.url);
  const seeker = makeSeeker(c.video, film.fps, note);
  const seek = (number) => loaded.then(() => seeker(number)).catch(() => sayUnplayable(card));
  const show = (number) => {
    frame = cut(number);
    c.video.pause();
    tellFrame(c, facts, frame);
    seek(frame);
  };
  const passed = (number) => {
    frame = cut(number);
    note(frame);
    tellFrame(c, facts, frame);
    choose("frame", frame, show);
  };
  const go = (number) => {
    show(number);
    choose("frame", frame, show);
  };
  const turn = async () => {
    if (!c.video.paused) {
      go(frame);
      return;
    }
    if (frame === last) {
      go(0);
    }
    await seek(frame);
    await c.video.play();
    followVideo(c.video, passed);
  };
  onChosen("frame", show);
  show(last);
  return { frame: () => frame, show, go, turn };
}

function connectPlayer(card, c, act) {
  const named = () => { c.play.textContent = c.video.paused ? "Play" : "Stop"; };
  c.video.addEventListener("play", named);
  c.video.addEventListener("pause", named);
  c.video.addEventListener("ended", () => act.go(film.frames - 1));
  c.video.addEventListener("click", (event) => openNeuronAt(c.video, event));
  c.play.addEventListener("click", act.turn);
  c.back.addEventListener("click", () => act.go(act.frame() - 1));
  c.on.addEventListener("click", () => act.go(act.frame() + 1));
  c.scrub.addEventListener("input", () => act.go(Number(c.scrub.value)));
  c.number.addEventListener("change", () => {
    if (c.number.value !== "") {
      act.go(Number(c.number.value) - 1);
    }
    c.number.value = act.frame() + 1;
  });
  c.speed.addEventListener("change", () => { c.video.playbackRate = Number(c.speed.value); });
  listenToKeys(card, c, act);
}

// Not every browser plays every film.
function sayUnplayable(card) {
  card.replaceChildren(makeElement("p", { id: "film-unplayable" },
    `This browser does not play the film, ${film.type}. Chromium and Firefox do, where they have a `
    + "decoder for it."));
}

function makePlayer(facts) {
  const c = playerControls(facts);
  const card = makeElement("div", { class: "card film-card" }, c.video, c.scrub,
    makeElement("div", { class: "row" }, c.play, c.back, c.on,
      makeElement("label", { class: "row" }, "Frame ", c.number,
        ` of ${wholeNumber(facts.film.frames)}`),
      makeElement("label", { class: "row" }, "Speed ", c.speed)),
    c.told,
    makeElement("p", { class: "note" }, "Click a square to open its neuron below. " + FILM_KEYS));
  const act = playFilm(facts, c, card);
  connectPlayer(card, c, act);
  return card;
}
