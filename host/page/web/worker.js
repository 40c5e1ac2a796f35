// SPDX-License-Identifier: MIT
// A worker of the proof (proof.js): first it is sent a network, then portions of the test images
// with what the program computed of them; it answers which of these it finds as well, bit for bit.

let proofCanon = null;

// Which images of the portion, counted from 0, have a sum or an output with other bits.
function findDiffering(portion) {
  const count = portion.pixels.length / CANON_PIXELS;
  const sums = new Float32Array(CANON_CLASSES);
  const outputs = new Float32Array(CANON_CLASSES);
  const bits = [sums, outputs].map((array) => new Uint32Array(array.buffer));
  const wanted = [portion.sums, portion.outputs].map((array) => new Uint32Array(array.buffer));
  const differing = [];
  for (let i = 0; i < count; i++) {
    canonOutputs(proofCanon, portion.pixels, i * CANON_PIXELS, sums, outputs, 0);
    const same = bits.every((found, which) =>
      found.every((value, o) => value === wanted[which][i * CANON_CLASSES + o]));
    if (!same) {
      differing.push(i);
    }
  }
  return differing;
}

self.onmessage = (event) => {
  if (event.data.network) {
    proofCanon = makeCanon(event.data.network);
  } else {
    const { first, pixels } = event.data;
    self.postMessage({ first, count: pixels.length / CANON_PIXELS,
      differing: findDiffering(event.data) });
  }
};
