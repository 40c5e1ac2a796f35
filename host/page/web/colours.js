// SPDX-License-Identifier: MIT
// Colours of what is drawn: weights in orange and blue, ink, and light. As 32-bit pixels of an
// ImageData, in the order of this machine's bytes.

// Steps from nothing to all; the middle one keeps small weights visible.
const SIGNED_STEPS = {
  light: { positive: ["#f4f2ed", "#f2a263", "#9c3f00"], negative: ["#f4f2ed", "#79aee6", "#0a4488"] },
  dark: { positive: ["#15161a", "#b25a08", "#ffc07a"], negative: ["#15161a", "#2a69b0", "#a3d0ff"] },
};
const INK_STEPS = { light: ["#ffffff", "#8d8d90", "#17181b"], dark: ["#0b0c0e", "#85868b", "#fbfaf5"] };
// Light is light on dark, whatever the page is.
const LIGHT_STEPS = ["#17171c", "#9c6a1e", "#ffe9a8"];

const LEVELS = 255;
const darkScheme = matchMedia("(prefers-color-scheme: dark)");
const repaints = [];
let palette = null;

function rgbOf(text) {
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

function pixelOf([r, g, b]) {
  const bytes = littleEndian ? (255 << 24) | (b << 16) | (g << 8) | r
    : (r << 24) | (g << 16) | (b << 8) | 255;
  return bytes >>> 0;
}

// LEVELS + 1 pixels along three colours.
function ramp(steps) {
  const [low, middle, high] = steps.map(rgbOf);
  const pixels = new Uint32Array(LEVELS + 1);
  for (let i = 0; i <= LEVELS; i++) {
    const t = 2 * i / LEVELS;
    const [from, to, part] = t < 1 ? [low, middle, t] : [middle, high, t - 1];
    pixels[i] = pixelOf(from.map((c, n) => Math.round(c + (to[n] - c) * part)));
  }
  return pixels;
}

function makePalette() {
  const scheme = darkScheme.matches ? "dark" : "light";
  const { positive, negative } = SIGNED_STEPS[scheme];
  palette = {
    positive: ramp(positive), negative: ramp(negative), ink: ramp(INK_STEPS[scheme]),
    light: ramp(LIGHT_STEPS),
  };
}

makePalette();
darkScheme.addEventListener("change", () => {
  makePalette();
  repaints.forEach((repaint) => repaint());
});

// `repaint` is called when the scheme of colours changes.
function onColours(repaint) {
  repaints.push(repaint);
}

// A weight's pixel; `most` is the weight of the strongest colour.
function signedPixel(value, most) {
  const level = most > 0 ? Math.min(LEVELS, Math.round(Math.abs(value) / most * LEVELS)) : 0;
  return value < 0 ? palette.negative[level] : palette.positive[level];
}

function largestMagnitude(values) {
  let most = 0;
  for (const value of values) {
    most = Math.max(most, Math.abs(value));
  }
  return most;
}

// Paints 28 by 28 pixels into a canvas, which CSS shows larger.
function paintPixels(canvas, pixelAt) {
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  const image = context.createImageData(SIDE, SIDE);
  const pixels = new Uint32Array(image.data.buffer);
  for (let k = 0; k < PIXELS; k++) {
    pixels[k] = pixelAt(k);
  }
  context.putImageData(image, 0, 0);
}

function paintWeights(canvas, weights, most = largestMagnitude(weights)) {
  paintPixels(canvas, (k) => signedPixel(weights[k], most));
}

// Grey levels 0…255.
function paintInk(canvas, ink) {
  paintPixels(canvas, (k) => palette.ink[ink[k]]);
}

// The strip of colours between −most and most.
function paintScale(canvas) {
  const width = 2 * LEVELS + 1;
  canvas.width = width;
  canvas.height = 1;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, 1);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < width; i++) {
    pixels[i] = signedPixel(i - LEVELS, LEVELS);
  }
  context.putImageData(image, 0, 0);
}
