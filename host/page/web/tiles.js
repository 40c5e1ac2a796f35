// SPDX-License-Identifier: MIT
// Pictures of a whole layer: a tile for each neuron on a canvas, of whole pixels of the screen.

// Where the order puts each neuron: [rows · columns], row by row; −1 is nothing.
function placesOf(order, grid, downColumns) {
  const places = new Int32Array(grid.rows * grid.columns).fill(-1);
  order.forEach((neuron, i) => {
    const at = downColumns
      ? (i % grid.rows) * grid.columns + Math.floor(i / grid.rows) : i;
    places[at] = neuron;
  });
  return places;
}

const FINE_RATIO = 1.5; // screen pixels to a CSS pixel

// {ratio, tile, pitch in screen pixels} of tiles that fill a width in CSS pixels. A tile of `side`
// pixels or more has a multiple of them, unless the screen's are so fine that nobody sees it.
function measureTiles(width, columns, side) {
  const ratio = window.devicePixelRatio || 1;
  const room = Math.floor(width * ratio / columns);
  const gap = room >= 60 ? 4 : room >= 24 ? 2 : room >= 6 ? 1 : 0;
  const tile = Math.max(1, room - gap);
  const whole = tile >= side && ratio < FINE_RATIO ? tile - tile % side : tile;
  return { ratio, tile: whole, pitch: whole + gap };
}

// Of each of `size` pixels, which of the 28 it covers, and what part of it each of them is.
function sharesOf(size) {
  return Array.from({ length: size }, (_, i) => {
    const from = i * SIDE / size;
    const to = (i + 1) * SIDE / size;
    const shares = [];
    for (let k = Math.floor(from); k < Math.min(SIDE, Math.ceil(to - 1e-9)); k++) {
      shares.push({ k, part: (Math.min(to, k + 1) - Math.max(from, k)) / (to - from) });
    }
    return shares;
  });
}

// 28 by 28 weights to size by size, averaged: first along rows, then along columns.
function resample(weights, shares, narrow, small) {
  const size = shares.length;
  for (let y = 0; y < SIDE; y++) {
    for (let i = 0; i < size; i++) {
      let sum = 0;
      for (const { k, part } of shares[i]) {
        sum += part * weights[SIDE * y + k];
      }
      narrow[y * size + i] = sum;
    }
  }
  for (let i = 0; i < size; i++) {
    for (let x = 0; x < size; x++) {
      let sum = 0;
      for (const { k, part } of shares[i]) {
        sum += part * narrow[k * size + x];
      }
      small[i * size + x] = sum;
    }
  }
}

// Paints each neuron's weights. `most` is 0 for a scale of each neuron's own.
function paintTiles(canvas, net, places, grid, measure, most) {
  const { tile, pitch } = measure;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  const shares = tile % SIDE ? sharesOf(tile) : null;
  const narrow = new Float32Array(SIDE * tile);
  const small = new Float32Array(tile * tile);
  const times = Math.floor(tile / SIDE);
  places.forEach((neuron, place) => {
    if (neuron < 0) {
      return;
    }
    const weights = incomingOf(net, neuron);
    if (shares) {
      resample(weights, shares, narrow, small);
    }
    const strongest = most || largestMagnitude(shares ? small : weights);
    const corner = Math.floor(place / grid.columns) * pitch * canvas.width
      + place % grid.columns * pitch;
    for (let y = 0; y < tile; y++) {
      for (let x = 0, at = corner + y * canvas.width; x < tile; x++, at++) {
        const weight = shares ? small[y * tile + x]
          : weights[SIDE * Math.floor(y / times) + Math.floor(x / times)];
        pixels[at] = signedPixel(weight, strongest);
      }
    }
  });
  context.putImageData(image, 0, 0);
}

// Paints each neuron's activation, 0…1, as a square of light.
function paintLights(canvas, activations, places, grid, measure) {
  const { tile, pitch } = measure;
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  places.forEach((neuron, place) => {
    if (neuron < 0) {
      return;
    }
    const colour = palette.light[Math.round(LEVELS * activations[neuron])];
    const corner = Math.floor(place / grid.columns) * pitch * canvas.width
      + place % grid.columns * pitch;
    for (let y = 0; y < tile; y++) {
      const at = corner + y * canvas.width;
      pixels.fill(colour, at, at + tile);
    }
  });
  context.putImageData(image, 0, 0);
}
