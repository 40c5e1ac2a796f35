// SPDX-License-Identifier: MIT
// A canvas with a tile for each neuron, of which one is chosen: by mouse, touch, or arrow keys. The
// canvas is a list box for screen readers; its one option says which neuron is chosen.

class NeuronGrid {
  // `describe(neuron)` is what a screen reader says; `paint(canvas, places, measure)` draws. `side`
  // is as in measureTiles().
  constructor({ id, label, grid, side, describe, paint, preview }) {
    Object.assign(this, { grid, side, describe, paint, preview, places: null, neuron: null });
    this.option = makeElement("span", { role: "option", id: id + "-option", "aria-selected": "true" });
    this.canvas = makeElement("canvas", {
      id, role: "listbox", tabindex: "0", "aria-label": label, "aria-activedescendant": id + "-option",
    }, this.option);
    this.ring = makeElement("div", { class: "ring", hidden: true });
    this.element = makeElement("div", { class: "grid" }, this.canvas, this.ring);
    this.element.style.setProperty("--shape", `${grid.columns} / ${grid.rows}`);
    this.listen();
  }

  listen() {
    this.canvas.addEventListener("click", (event) => this.pick(this.neuronUnder(event)));
    this.canvas.addEventListener("keydown", (event) => this.move(event));
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") {
        this.preview?.(this.neuronUnder(event), event, this.measure);
      }
    });
    this.canvas.addEventListener("pointerleave", () => this.preview?.(-1));
    new ResizeObserver(() => this.fit()).observe(this.element);
    onColours(() => this.draw());
  }

  setPlaces(places) {
    this.places = places;
    if (places.length <= 1024) {
      this.canvas.dataset.order = places.join(" ");
    }
    this.draw();
    this.show(this.neuron);
  }

  // Gives the canvas the size that fits, and draws again if that is a new one.
  fit() {
    const { columns, rows } = this.grid;
    const measure = measureTiles(this.element.clientWidth, columns, this.side);
    const { pitch, tile, ratio } = measure;
    const old = this.measure;
    if (!this.element.clientWidth || (old && old.pitch === pitch && old.ratio === ratio)) {
      return;
    }
    this.measure = measure;
    this.canvas.width = pitch * (columns - 1) + tile;
    this.canvas.height = pitch * (rows - 1) + tile;
    this.canvas.style.width = this.canvas.width / ratio + "px";
    this.canvas.style.height = this.canvas.height / ratio + "px";
    this.element.style.aspectRatio = "auto";
    Object.assign(this.canvas.dataset, { columns, rows, pitch: pitch / ratio });
    this.draw();
    this.show(this.neuron);
  }

  draw() {
    if (this.places && this.measure) {
      this.paint(this.canvas, this.places, this.measure);
    }
  }

  neuronUnder(event) {
    const box = this.canvas.getBoundingClientRect();
    const pitch = this.measure.pitch / this.measure.ratio;
    const column = Math.floor((event.clientX - box.left) / pitch);
    const row = Math.floor((event.clientY - box.top) / pitch);
    const inside = column >= 0 && column < this.grid.columns && row >= 0 && row < this.grid.rows;
    return inside ? this.places[row * this.grid.columns + column] : -1;
  }

  pick(neuron) {
    if (neuron >= 0) {
      choose("neuron", neuron);
    }
  }

  move(event) {
    const { columns } = this.grid;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const last = this.places.findLastIndex((neuron) => neuron >= 0);
    const at = this.places.indexOf(this.neuron);
    let to = null;
    if (event.key in steps) {
      to = at + steps[event.key];
    } else if (event.key === "Home") {
      to = 0;
    } else if (event.key === "End") {
      to = last;
    }
    if (to !== null && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      this.pick(this.places[to] ?? -1);
    }
  }

  // Marks the neuron that is chosen.
  show(neuron) {
    this.neuron = neuron;
    const place = this.places ? this.places.indexOf(neuron) : -1;
    this.ring.hidden = place < 0 || neuron === null || !this.measure;
    if (!this.ring.hidden) {
      const { pitch, tile, ratio } = this.measure;
      const style = this.ring.style;
      style.left = place % this.grid.columns * pitch / ratio + "px";
      style.top = Math.floor(place / this.grid.columns) * pitch / ratio + "px";
      style.width = style.height = tile / ratio + "px";
      this.option.textContent = this.describe(neuron);
    }
  }
}

// ---- a lens for tiles that are too small to see ----

const LENS_BELOW = 40; // CSS pixels from tile to tile

let lens = null;

function makeLens(net) {
  const canvas = makeElement("canvas");
  const caption = makeElement("span");
  const element = makeElement("div", { id: "lens", hidden: true, "aria-hidden": "true" }, canvas, caption);
  document.body.append(element);
  lens = { element, canvas, caption, net, neuron: -1 };
}

// Shows a neuron beside the pointer; −1 hides the lens.
function showLens(neuron, event, measure) {
  const small = neuron >= 0 && measure.pitch / measure.ratio < LENS_BELOW;
  lens.element.hidden = !small;
  if (!small) {
    return;
  }
  if (neuron !== lens.neuron) {
    lens.neuron = neuron;
    paintWeights(lens.canvas, incomingOf(lens.net, neuron));
    lens.caption.textContent = `Neuron ${neuron}, for ${classOf(lens.net, neuron)}`;
  }
  const right = event.clientX + 160 < document.documentElement.clientWidth;
  lens.element.style.left = event.clientX + (right ? 18 : -146) + "px";
  lens.element.style.top = Math.max(8, Math.min(event.clientY + 18, innerHeight - 170)) + "px";
}
