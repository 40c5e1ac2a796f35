// SPDX-License-Identifier: MIT
// The part about the hidden layer: the grid of all neurons, in an order that can be chosen, with
// what is dead and what is a twin; and beside it the panel of one neuron (neuron.js).

function makeLegend() {
  const swatch = (kind) => makeElement("span", { class: "swatch " + kind, "aria-hidden": "true" });
  return makeElement("ul", { class: "legend note" },
    makeElement("li", {}, swatch("positive"), "ink here excites the neuron"),
    makeElement("li", {}, swatch("negative"), "ink here quiets it"),
    makeElement("li", { id: "twin-legend" }, swatch("twin"), makeElement("span", {}, "looking for twins …")),
    makeElement("li", { id: "dead-legend" }, swatch("dead"), makeElement("span", {}, "looking for dead ones …")));
}

function makeSorting() {
  const group = makeElement("fieldset", { id: "sort", class: "choices" },
    makeElement("legend", {}, "Order"));
  for (const [value, { title }] of Object.entries(ORDERS)) {
    group.append(makeElement("label", {},
      makeElement("input", { type: "radio", name: "sort", value, checked: value === "film" }), title));
  }
  return group;
}

// In the corner of a tile: a triangle for a twin, a cross for a dead neuron.
function paintMarks(canvas, places, grid, { tile, pitch, ratio }, kinds) {
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.body);
  const size = Math.max(2, Math.min(Math.round(tile * 0.4), Math.round(9 * ratio)));
  context.lineWidth = Math.max(1, size / 4);
  context.fillStyle = style.getPropertyValue("--twin");
  context.strokeStyle = style.getPropertyValue("--wrong");
  context.beginPath();
  places.forEach((neuron, place) => {
    const x = place % grid.columns * pitch;
    const y = Math.floor(place / grid.columns) * pitch;
    if (neuron >= 0 && kinds.dead[neuron]) {
      context.moveTo(x, y);
      context.lineTo(x + size, y + size);
      context.moveTo(x + size, y);
      context.lineTo(x, y + size);
    }
  });
  context.stroke();
  context.beginPath();
  places.forEach((neuron, place) => {
    const x = (place % grid.columns + 1) * pitch - (pitch - tile);
    const y = Math.floor(place / grid.columns) * pitch;
    if (neuron >= 0 && kinds.twin[neuron] >= 0) {
      context.moveTo(x - size, y);
      context.lineTo(x, y);
      context.lineTo(x, y + size);
    }
  });
  context.fill();
}

const CLASS_FROM = 20; // CSS pixels of a tile that has room for its class

// In the lower corner of a tile, the class that the neuron speaks for.
function paintClasses(canvas, net, places, grid, { tile, pitch, ratio }) {
  if (tile / ratio < CLASS_FROM) {
    return;
  }
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.body);
  const size = Math.round(Math.min(16, tile / ratio / 2.2) * ratio);
  context.font = `700 ${size}px ${style.fontFamily}`;
  context.textBaseline = "alphabetic";
  context.lineWidth = 3 * ratio;
  context.strokeStyle = style.getPropertyValue("--paper");
  context.fillStyle = style.getPropertyValue("--ink");
  places.forEach((neuron, place) => {
    if (neuron >= 0) {
      const x = place % grid.columns * pitch + 2 * ratio;
      const y = Math.floor(place / grid.columns) * pitch + tile - 3 * ratio;
      context.strokeText(classOf(net, neuron), x, y);
      context.fillText(classOf(net, neuron), x, y);
    }
  });
}

function describeNeuron(net, kinds, neuron) {
  const parts = [`Neuron ${neuron} of ${net.hidden}`, `speaks most for ${classOf(net, neuron)}`];
  if (kinds?.dead[neuron]) {
    parts.push("dead");
  }
  if (kinds && kinds.twin[neuron] >= 0) {
    parts.push(`twin of ${kinds.twin[neuron]}`);
  }
  return parts.join(", ");
}

function sayKinds(kinds) {
  const say = (id, text) => { document.querySelector(`#${id} span:last-child`).textContent = text; };
  const twins = wholeNumber(kinds.twinCount);
  const dead = wholeNumber(kinds.deadCount);
  say("twin-legend", kinds.twinCount === 1 ? "1 twin" : `${twins} twins: another neuron is active `
    + `for the same pictures (correlation at least ${TWIN_CORRELATION})`);
  say("dead-legend", `${dead} dead: hardly varies from picture to picture (deviation below `
    + `${DEAD_DEVIATION})`);
  document.getElementById("kinds-note").textContent =
    `Twins and dead neurons were found with ${wholeNumber(kinds.images)} validation pictures.`;
  Object.assign(document.body.dataset, { kinds: "", dead: kinds.deadCount, twins: kinds.twinCount });
}

// The neuron whose outgoing weights are largest: where to begin.
function strongestSpeaker(net) {
  let best = 0;
  let most = -1;
  for (let j = 0; j < net.hidden; j++) {
    const length = Math.hypot(...outgoingOf(net, j));
    if (length > most) {
      most = length;
      best = j;
    }
  }
  return best;
}

async function initNeurons(section, facts) {
  const layer = { net: null, kinds: null, most: 0, order: ORDERS.film, grid: facts.grid };
  const grid = new NeuronGrid({
    id: "neuron-grid", label: "Hidden neurons; arrow keys choose one", grid: facts.grid, side: SIDE,
    describe: (neuron) => describeNeuron(layer.net, layer.kinds, neuron),
    paint: (canvas, places, measure) => {
      paintTiles(canvas, layer.net, places, facts.grid, measure, layer.most);
      if (layer.order === ORDERS.digit) {
        paintClasses(canvas, layer.net, places, facts.grid, measure);
      }
      if (layer.kinds && layer.marks.checked) {
        paintMarks(canvas, places, facts.grid, measure, layer.kinds);
      }
    },
    preview: showLens,
  });
  layer.marks = makeElement("input", { type: "checkbox", id: "marks", checked: true });
  const same = makeElement("input", { type: "checkbox", id: "same-scale" });
  section.append(
    makeElement("p", { class: "lead" }, "Each tile is one neuron: a picture of its 784 weights, one for "
      + "each pixel. A neuron multiplies every pixel with its weight, adds it all up, and is active "
      + "if the sum is large. So a tile shows what the neuron looks for. Choose one to open it."),
    makeElement("div", { class: "layer" },
      makeElement("div", { class: "layer-grid" },
        makeElement("div", { class: "row controls" }, makeSorting(),
          makeElement("label", { class: "check" }, layer.marks, "marks"),
          makeElement("label", { class: "check" }, same, "one scale for all")),
        grid.element, makeLegend(), makeElement("p", { class: "note", id: "kinds-note" })),
      makeNeuronPanel(facts)));
  grid.fit();
  layer.net = await theNetwork(facts);
  makeLens(layer.net);
  listenToOrders(layer, grid, same);
  grid.setPlaces(placesOf(ORDERS.film.make(layer.net), facts.grid, true));
  onChosen("neuron", (neuron) => grid.show(neuron));
  await startNeuronPanel(layer, facts);
  arrayOf("validation_images").then((images) => kindsOfNeurons(layer.net, images)).then((kinds) => {
    layer.kinds = kinds;
    sayKinds(kinds);
    grid.draw();
    grid.show(grid.neuron);
    showKindOfNeuron(kinds, grid.neuron);
  });
}

function listenToOrders(layer, grid, same) {
  const known = {};
  document.getElementById("sort").addEventListener("change", async (event) => {
    const order = ORDERS[event.target.value];
    known[event.target.value] ??= order.make(layer.net);
    const neurons = await known[event.target.value];
    if (event.target.checked) {
      layer.order = order;
      grid.setPlaces(placesOf(neurons, layer.grid, order.columns));
      document.dispatchEvent(new CustomEvent("reordered", { detail: grid.places }));
    }
  });
  layer.marks.addEventListener("change", () => grid.draw());
  same.addEventListener("change", () => {
    layer.most = same.checked ? largestMagnitude(layer.net.w1.subarray(layer.net.hidden)) : 0;
    grid.draw();
  });
}
