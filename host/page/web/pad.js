// SPDX-License-Identifier: MIT
// The pad: strokes by mouse, touch, pen or keyboard, or a picture of the data; answered as it changes
// (answer.js).

const PEN = 0.04; // half its width, of the pad's side
const KEY_STEP = 0.04;
const FIRST_IMAGE = 0;

const pad = {
  canvas: null, strokes: [], ink: new Uint8Array(PIXELS), picture: null, drawing: null,
  cursor: { x: 0.5, y: 0.25 }, penDown: false, withKeys: false, mistakes: null, test: null, due: false,
};

function makePad(facts) {
  pad.canvas = makeElement("canvas", {
    id: "pad", tabindex: "0", role: "application", "aria-describedby": "pad-help",
    "aria-label": "Pad to draw a digit on",
  });
  const button = (id, text) => makeElement("button", { id }, text);
  return makeElement("div", { class: "pad-side" }, pad.canvas,
    makeElement("p", { id: "pad-caption", class: "note", "aria-live": "polite" }, "\u00a0"),
    makeElement("div", { class: "row" }, button("pad-clear", "Clear"), button("pad-undo", "Undo")),
    makeElement("p", { class: "note" }, "Or take a test picture:"),
    makeElement("div", { class: "row" }, button("pad-random", "Any"), button("pad-mistake", "Next mistake"),
      makeElement("label", {}, makeElement("span", { class: "hidden-label" }, "Number of a test picture"),
        makeElement("input", { id: "pad-image", type: "number", min: 0, max: facts.test.images - 1,
          placeholder: "number", inputmode: "numeric" }))),
    makeElement("p", { id: "pad-help", class: "note" }, "By keyboard: arrow keys move the pen, space puts it "
      + "down or lifts it, Backspace undoes, Delete clears."));
}

// ---- what is on it ----

// A picture of 784 grey levels instead of strokes.
function showOnPad(ink, caption) {
  Object.assign(pad, { ink, picture: ink, strokes: [], drawing: null, penDown: false });
  sayOnPad(caption);
  padChanged();
}

function sayOnPad(text) {
  document.getElementById("pad-caption").textContent = text;
}

function strokesChanged() {
  pad.picture = null;
  choose("image", null);
  pad.ink = digitOf(pad.strokes, PEN);
  sayOnPad(pad.strokes.length ? "Scaled and centred as the pictures it learned from were."
    : "Draw a digit here, large or small, anywhere.");
  padChanged();
}

// Once for each picture of the screen, however many events come between.
function padChanged() {
  if (!pad.due) {
    pad.due = true;
    requestAnimationFrame(() => {
      pad.due = false;
      paintPad();
      answerInk(pad.ink);
    });
  }
}

function paintPad() {
  const { canvas } = pad;
  const side = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1));
  if (canvas.width !== side || canvas.height !== side) {
    canvas.width = canvas.height = side;
  }
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, side, side);
  context.strokeStyle = context.fillStyle = getComputedStyle(canvas).color;
  if (pad.picture) {
    const small = makeElement("canvas");
    paintInk(small, pad.picture);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, side, side);
  }
  Object.assign(context, { lineWidth: 2 * PEN * side, lineCap: "round", lineJoin: "round" });
  for (const stroke of pad.strokes) {
    context.beginPath();
    context.moveTo(stroke[0].x * side, stroke[0].y * side);
    stroke.forEach(({ x, y }) => context.lineTo(x * side, y * side));
    context.stroke();
  }
  if (pad.withKeys) {
    paintCursor(context, side);
  }
}

function paintCursor(context, side) {
  context.lineWidth = side / 100;
  context.strokeStyle = getComputedStyle(document.body).getPropertyValue("--accent");
  context.beginPath();
  context.arc(pad.cursor.x * side, pad.cursor.y * side, (pad.penDown ? 1 : 1.6) * PEN * side, 0, 2 * Math.PI);
  context.stroke();
}

// ---- how it gets there ----

function pointOf(event) {
  const box = pad.canvas.getBoundingClientRect();
  const inside = (value) => Math.max(0, Math.min(1, value));
  return { x: inside((event.clientX - box.left) / box.width), y: inside((event.clientY - box.top) / box.height) };
}

function listenToPointers() {
  const { canvas } = pad;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && !pad.drawing) {
      canvas.setPointerCapture(event.pointerId);
      pad.withKeys = pad.penDown = false;
      pad.drawing = { pointer: event.pointerId, stroke: [pointOf(event)] };
      pad.strokes.push(pad.drawing.stroke);
      strokesChanged();
    }
  });
  canvas.addEventListener("pointermove", (event) => {
    if (pad.drawing?.pointer === event.pointerId) {
      const events = event.getCoalescedEvents?.() ?? [];
      pad.drawing.stroke.push(...(events.length ? events : [event]).map(pointOf));
      strokesChanged();
    }
  });
  const end = (event) => {
    if (pad.drawing?.pointer === event.pointerId) {
      pad.drawing = null;
    }
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
}

function moveCursor(dx, dy) {
  pad.cursor = { x: Math.max(0, Math.min(1, pad.cursor.x + dx)), y: Math.max(0, Math.min(1, pad.cursor.y + dy)) };
  if (pad.penDown) {
    pad.strokes.at(-1).push(pad.cursor);
    strokesChanged();
  } else {
    padChanged();
  }
}

function turnPen() {
  pad.penDown = !pad.penDown;
  if (pad.penDown) {
    pad.strokes.push([pad.cursor]);
    strokesChanged();
  } else {
    padChanged();
  }
}

function undoStroke() {
  pad.strokes.pop();
  pad.penDown = false;
  strokesChanged();
}

function clearPad() {
  pad.strokes = [];
  pad.penDown = false;
  strokesChanged();
}

function listenToPadKeys() {
  const step = KEY_STEP;
  const keys = {
    ArrowLeft: () => moveCursor(-step, 0), ArrowRight: () => moveCursor(step, 0),
    ArrowUp: () => moveCursor(0, -step), ArrowDown: () => moveCursor(0, step),
    " ": turnPen, Backspace: undoStroke, Delete: clearPad,
  };
  pad.canvas.addEventListener("keydown", (event) => {
    if (event.key in keys && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      pad.withKeys = true;
      keys[event.key]();
    }
  });
  pad.canvas.addEventListener("blur", () => {
    pad.withKeys = pad.penDown = false;
    padChanged();
  });
}

// ---- pictures of the test ----

function showTestImage(image) {
  document.getElementById("pad-image").value = image ?? "";
  if (image === null || image >= pad.test.labels.length) {
    return;
  }
  const said = largestOf(pad.test.sums, CLASSES * image, CLASSES);
  const label = pad.test.labels[image];
  showOnPad(imageAt(pad.test.images, image),
    `Test picture ${image}: a ${label}. ` + (said === label ? "The network is right." : `The network says ${said}.`));
}

function nextMistake() {
  const { labels, sums } = pad.test;
  const from = chosen.image ?? -1;
  for (let i = 1; i <= labels.length; i++) {
    const image = (from + i) % labels.length;
    if (largestOf(sums, CLASSES * image, CLASSES) !== labels[image]) {
      choose("image", image);
      return;
    }
  }
  sayOnPad("There is no mistake.");
}

function listenToTestImages() {
  const field = document.getElementById("pad-image");
  const on = (id, act) => document.getElementById(id).addEventListener("click", act);
  on("pad-clear", clearPad);
  on("pad-undo", undoStroke);
  on("pad-random", () => choose("image", Math.floor(Math.random() * pad.test.labels.length)));
  on("pad-mistake", nextMistake);
  field.addEventListener("change", () => {
    if (field.value !== "" && field.checkValidity()) {
      choose("image", Number(field.value));
    }
  });
  onChosen("image", showTestImage);
}

async function startPad() {
  const [images, labels, sums] = await Promise.all(["test_images", "test_labels", "test_sums"].map(arrayOf));
  pad.test = { images, labels, sums };
  listenToPointers();
  listenToPadKeys();
  listenToTestImages();
  new ResizeObserver(padChanged).observe(pad.canvas);
  onColours(padChanged);
  pad.ink = pad.picture = imageAt(images, FIRST_IMAGE);
  sayOnPad("A test picture. Draw over it: a digit, large or small, anywhere.");
  padChanged();
}
