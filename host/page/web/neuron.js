// SPDX-License-Identifier: MIT
// The panel of one neuron: what it looks for, what it says, which pictures excite it, how it became
// what it is, and what would be without it.

const THUMBS = 8;
const MOMENTS = 6;

// A table of bars from the middle, or from the left if none is negative.
function makeBars(id, label) {
  const list = makeElement("ol", { id, class: "bars", "aria-label": label });
  for (let o = 0; o < CLASSES; o++) {
    list.append(makeElement("li", { class: "bar", "data-class": o },
      makeElement("span", { class: "digit" }, o),
      makeElement("span", { class: "track", "aria-hidden": "true" }, makeElement("span", { class: "fill" })),
      makeElement("span", { class: "number" })));
  }
  return list;
}

// `most` is what fills the track (half of it, where signs differ).
function setBar(bar, value, most, text, both) {
  const part = most > 0 ? Math.min(1, Math.abs(value) / most) * (both ? 50 : 100) : 0;
  const fill = bar.querySelector(".fill");
  fill.style.left = (both ? (value < 0 ? 50 - part : 50) : 0) + "%";
  fill.style.width = part + "%";
  fill.classList.toggle("negative", value < 0);
  bar.querySelector(".number").textContent = text;
  bar.dataset.value = value;
}

function makeThumbs(id, title, words) {
  return makeElement("div", {}, makeElement("h3", {}, title), makeElement("div", { id, class: "thumbs" }),
    makeElement("p", { class: "note" }, words));
}

function makeNeuronHead() {
  return makeElement("div", { class: "row neuron-head" },
    makeElement("h3", { id: "neuron-name" }, "Neuron"),
    makeElement("span", { class: "row step" },
      makeElement("button", { id: "neuron-before", "aria-label": "Neuron before" }, "‹"),
      makeElement("label", {}, makeElement("span", { class: "hidden-label" }, "Number of the neuron"),
        makeElement("input", { id: "neuron-number", type: "number", min: 0, value: 0, inputmode: "numeric" })),
      makeElement("button", { id: "neuron-after", "aria-label": "Neuron after" }, "›")),
    makeElement("span", { id: "neuron-kind", class: "note", "aria-live": "polite" }));
}

function makeNeuronLooks() {
  return makeElement("div", { class: "looks" },
    makeElement("div", {}, makeElement("h3", {}, "What it looks for"),
      makeElement("canvas", { id: "neuron-weights", role: "img", "aria-label": "Its weights" }),
      makeElement("canvas", { id: "weight-scale", class: "scale", "aria-hidden": "true" }),
      makeElement("div", { class: "scale-ends note number" },
        makeElement("span", { id: "scale-low" }), makeElement("span", {}, "0"),
        makeElement("span", { id: "scale-high" })),
      makeElement("p", { class: "note" }, "Bias ", makeElement("b", { id: "neuron-bias", class: "number" }),
        ": what it starts from before it sees anything.")),
    makeElement("div", {}, makeElement("h3", {}, "What it says"),
      makeBars("neuron-out", "Weights from this neuron to the ten outputs"),
      makeElement("p", { class: "note" }, "While it is active it pulls these outputs up or pushes them down.")));
}

function makeNeuronPanel(facts) {
  const digits = makeElement("ol", { id: "gone", class: "gone", "aria-label": "Change of right answers by class" });
  for (let o = 0; o < CLASSES; o++) {
    digits.append(makeElement("li", { "data-class": o }, makeElement("span", { class: "digit" }, o),
      makeElement("span", { class: "number" })));
  }
  return makeElement("div", { id: "neuron", class: "card", role: "group", "aria-labelledby": "neuron-name" },
    makeNeuronHead(), makeNeuronLooks(),
    makeThumbs("excite", "Excite it most", "Of all validation pictures; below each its activation, 0 to 1."),
    makeThumbs("quiet", "Quiet it most", "Press a picture to see it on the pad."),
    facts.film ? makeThumbs("moments", "How it became this", "The same neuron at moments of the training; "
      + "the number is the batch.") : "",
    makeElement("div", { class: "without" }, makeElement("h3", {}, "What if it were gone?"),
      makeElement("p", {}, "With it ", makeElement("b", { id: "accuracy-with", class: "number" }),
        ", without it ", makeElement("b", { id: "accuracy-without", class: "number" }), " are right: ",
        makeElement("span", { id: "gone-words" }), "."),
      digits, makeElement("p", { class: "note" }, "How many more or fewer test pictures of each class.")));
}

// Indices of the largest values, largest first.
function largestIndices(values, count) {
  const order = countUp(values.length).sort((a, b) => values[b] - values[a] || a - b);
  return order.slice(0, count);
}

function fillThumbs(box, indices, sums, images, labels) {
  box.replaceChildren(...Array.from(indices, (image) => {
    const canvas = makeElement("canvas");
    const ink = imageAt(images, image);
    const activation = sigmoid(sums[image]);
    paintInk(canvas, ink);
    const thumb = makeElement("button", {
      class: "thumb", "data-image": image, "data-activation": activation,
      "aria-label": `Validation picture ${image}, a ${labels[image]}, activation ${activation.toFixed(3)}`,
    }, canvas, makeElement("span", { class: "number" }, activation.toFixed(3)));
    thumb.addEventListener("click", () => {
      choose("image", null);
      showOnPad(ink, `Validation picture ${image}: a ${labels[image]}.`);
      document.getElementById("pad").scrollIntoView({ block: "center" });
    });
    return thumb;
  }));
}

// ---- filling it ----

const panel = { net: null, validation: null, test: null, before: null };

async function startNeuronPanel(layer, facts) {
  const { net } = layer;
  const [images, labels, testImages, testLabels, sums] = await Promise.all(["validation_images",
    "validation_labels", "test_images", "test_labels", "test_sums"].map(arrayOf));
  Object.assign(panel, {
    net, layer, facts, validation: { images, labels }, test: { images: testImages, labels: testLabels, sums },
    before: countRight(net, null, testImages, testLabels, sums),
  });
  const number = document.getElementById("neuron-number");
  const step = (by) => choose("neuron", (chosen.neuron + by + net.hidden) % net.hidden);
  number.max = net.hidden - 1;
  number.addEventListener("change", () => {
    if (number.value !== "" && number.checkValidity()) {
      choose("neuron", Number(number.value));
    } else {
      number.value = chosen.neuron;
    }
  });
  document.getElementById("neuron-before").addEventListener("click", () => step(-1));
  document.getElementById("neuron-after").addEventListener("click", () => step(1));
  onChosen("neuron", showNeuron);
  onColours(() => showNeuron(chosen.neuron));
}

function showNeuron(neuron) {
  if (neuron === null || neuron >= panel.net.hidden) {
    return;
  }
  document.getElementById("neuron").dataset.neuron = neuron;
  document.getElementById("neuron-name").textContent = "Neuron";
  document.getElementById("neuron-number").value = neuron;
  showLooks(panel.net, neuron);
  showKindOfNeuron(panel.layer.kinds, neuron);
  showExcitement(panel, neuron);
  showMoments(panel.facts, neuron);
  showWithout(panel, neuron);
}

function showLooks(net, neuron) {
  const weights = incomingOf(net, neuron);
  const most = largestMagnitude(weights);
  const fill = (id, value, digits) => {
    const element = document.getElementById(id);
    element.textContent = signed(value, digits);
    element.dataset.value = value;
  };
  paintWeights(document.getElementById("neuron-weights"), weights, most);
  paintScale(document.getElementById("weight-scale"));
  fill("scale-low", -most, 3);
  fill("scale-high", most, 3);
  fill("neuron-bias", net.w1[neuron], 4);
  const out = outgoingOf(net, neuron);
  const widest = largestMagnitude(out);
  document.querySelectorAll("#neuron-out .bar").forEach((bar, o) => {
    setBar(bar, out[o], widest, signed(out[o], 3), true);
  });
}

// Dead, a twin, or which class it speaks for.
function showKindOfNeuron(kinds, neuron) {
  const place = document.getElementById("neuron-kind");
  if (neuron === null || !panel.net) {
    return;
  }
  place.textContent = `Speaks most for ${classOf(panel.net, neuron)}.`;
  if (kinds?.dead[neuron]) {
    place.append(" Dead: hardly varies.");
  } else if (kinds && kinds.twin[neuron] >= 0) {
    const twin = kinds.twin[neuron];
    const go = makeElement("button", { class: "link" }, `neuron ${twin}`);
    go.addEventListener("click", () => choose("neuron", twin));
    place.append(" Twin of ", go, ` (${kinds.correlation[neuron].toFixed(3)}).`);
  }
}

function showExcitement({ net, validation }, neuron) {
  const { images, labels } = validation;
  const sums = sumsOf(net, neuron, images);
  fillThumbs(document.getElementById("excite"), largestIndices(sums, THUMBS), sums, images, labels);
  fillThumbs(document.getElementById("quiet"), largestIndices(sums.map((z) => -z), THUMBS), sums,
    images, labels);
}

// The film's own tiles, where it shows that neuron.
async function showMoments(facts, neuron) {
  const box = document.getElementById("moments");
  if (!box) {
    return;
  }
  box.parentElement.toggleAttribute("hidden", !filmShows(neuron));
  if (!filmShows(neuron)) {
    return;
  }
  const batches = await arrayOf("frame_batches");
  const last = batches[facts.film.frames - 1];
  // Early moments matter most: each is later by the same factor.
  const frames = [...new Set(Array.from({ length: MOMENTS },
    (_, i) => frameOfBatch(Math.round(last ** (i / (MOMENTS - 1))))))];
  const tiles = [];
  for (const frame of frames) {
    const canvas = await filmTileAt(frame, neuron);
    if (neuron !== chosen.neuron) {
      return;
    }
    const tile = makeElement("button", { class: "thumb", "data-frame": frame,
      "aria-label": `Batch ${batches[frame]}: show it in the film` }, canvas,
    makeElement("span", { class: "number" }, wholeNumber(batches[frame])));
    tile.addEventListener("click", () => choose("frame", frame));
    tiles.push(tile);
  }
  box.replaceChildren(...tiles);
}

function showWithout({ net, test, before }, neuron) {
  const { images, labels, sums } = test;
  const after = countRight(net, neuron, images, labels, sums);
  const fill = (id, { right }) => {
    const element = document.getElementById(id);
    element.textContent = percent(right / labels.length);
    Object.assign(element.dataset, { correct: right, images: labels.length });
  };
  fill("accuracy-with", before);
  fill("accuracy-without", after);
  const change = after.right - before.right;
  document.getElementById("gone-words").textContent = change === 0 ? "as many as before"
    : `${wholeNumber(Math.abs(change))} ${change < 0 ? "fewer" : "more"}`;
  document.querySelectorAll("#gone li").forEach((cell, o) => {
    const own = after.byClass[o] - before.byClass[o];
    cell.dataset.change = own;
    cell.className = own < 0 ? "fewer" : own > 0 ? "more" : "";
    cell.querySelector(".number").textContent = own === 0 ? "0" : signed(own, 0);
  });
}
