// SPDX-License-Identifier: MIT
// Strokes become a picture as MNIST's are: what is drawn is scaled, keeping its shape, until its
// larger side is 20 pixels, drawn with soft edges, and moved by whole pixels until its centre of
// mass is in the middle of the 28 by 28. In all of MNIST's test images the larger side is 20, and
// the mean of their centres is column 14.0, row 14.0, counted from 0.

const BOX = 20;
const MIDDLE = 14;
// Half the width of a stroke in the picture. MNIST's pens were neither thinner nor thicker.
const THINNEST = 0.95;
const THICKEST = 1.6;

function distanceToSegment(x, y, from, to) {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : ((x - from.x) * dx + (y - from.y) * dy) / length;
  const near = Math.max(0, Math.min(1, t));
  return Math.hypot(x - from.x - near * dx, y - from.y - near * dy);
}

function boundsOf(points) {
  const bounds = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (const { x, y } of points) {
    bounds.left = Math.min(bounds.left, x);
    bounds.right = Math.max(bounds.right, x);
    bounds.top = Math.min(bounds.top, y);
    bounds.bottom = Math.max(bounds.bottom, y);
  }
  return bounds;
}

// How much ink each of 28 by 28 pixels gets, 0…1, of strokes in these pixels' units.
function inkOfStrokes(strokes, radius) {
  const ink = new Float32Array(PIXELS);
  for (const stroke of strokes) {
    for (let i = 0; i < stroke.length; i++) {
      inkSegment(ink, stroke[Math.max(0, i - 1)], stroke[i], radius);
    }
  }
  return ink;
}

function inkSegment(ink, from, to, radius) {
  const reach = radius + 1;
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - reach));
  const right = Math.min(SIDE - 1, Math.ceil(Math.max(from.x, to.x) + reach));
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - reach));
  const bottom = Math.min(SIDE - 1, Math.ceil(Math.max(from.y, to.y) + reach));
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const cover = radius + 0.5 - distanceToSegment(x + 0.5, y + 0.5, from, to);
      ink[SIDE * y + x] = Math.max(ink[SIDE * y + x], Math.min(1, cover));
    }
  }
}

// By how many pixels it has to be moved.
function toMiddle(ink) {
  let mass = 0;
  let column = 0;
  let row = 0;
  for (let k = 0; k < PIXELS; k++) {
    mass += ink[k];
    column += ink[k] * (k % SIDE);
    row += ink[k] * Math.floor(k / SIDE);
  }
  return { right: Math.round(MIDDLE - column / mass), down: Math.round(MIDDLE - row / mass) };
}

// The 784 grey levels of strokes: arrays of {x, y}, drawn by a pen of half that width, all in one
// unit of any size. Nothing drawn is an empty sheet.
function digitOf(strokes, pen) {
  const points = strokes.flat();
  const grey = new Uint8Array(PIXELS);
  if (points.length === 0) {
    return grey;
  }
  const { left, right, top, bottom } = boundsOf(points);
  const width = right - left;
  const height = bottom - top;
  const larger = Math.max(width, height);
  const radius = Math.min(THICKEST, Math.max(THINNEST, BOX * pen / (larger + 2 * pen)));
  const scale = larger > 0 ? (BOX - 2 * radius) / larger : 0;
  const placed = strokes.map((stroke) => stroke.map(({ x, y }) => ({
    x: SIDE / 2 + scale * (x - left - width / 2), y: SIDE / 2 + scale * (y - top - height / 2),
  })));
  const ink = inkOfStrokes(placed, radius);
  const move = toMiddle(ink);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const fromX = x - move.right;
      const fromY = y - move.down;
      if (fromX >= 0 && fromX < SIDE && fromY >= 0 && fromY < SIDE) {
        grey[SIDE * y + x] = Math.round(255 * ink[SIDE * fromY + fromX]);
      }
    }
  }
  return grey;
}
