// SPDX-License-Identifier: MIT
// kernels/canon.h in JavaScript, to the bit: the sums and outputs of images. Its formulas are
// explained there; the names are the same.
//
// Numbers are doubles here. Of two floats, + and × rounded to double and then by Math.fround() are
// rounded correctly, as a double has more than twice a float's digits. That leaves fma().

const CANON_PIXELS = 784;
const CANON_CLASSES = 10;
const CANON_SLAB = 112;
const CANON_PANEL = 32;

const TINY = 2 ** -63;
const LARGEST_EXPONENT = 45;
const [LOG2E, LN2_HIGH, LN2_LOW, EXP_4, EXP_3, EXP_2, EXP_1, EXP_0] = [
  1.44269504, 0.693145752, 1.42860677e-6,
  1.3933643526e-3, 8.3631755655e-3, 4.1666464976e-2, 1.6666577003e-1, 0.5,
].map(Math.fround);
const ROUND = 12582912;
const RECIPROCAL = 0x7ef311c7;

// The bits of a float, and of a double; slots that are written and read at once.
const floatSlot = new Float32Array(1);
const floatBits = new Uint32Array(floatSlot.buffer);
const doubleSlot = new Float64Array(1);
const doubleBits = new BigInt64Array(doubleSlot.buffer);

// a × b + c rounded once. In double the product of floats is exact. What the sum loses, TwoSum
// finds; where it loses anything, the neighbour whose last bit is 1 is taken, and rounding that to
// a float is right (S. Boldo, G. Melquiond, Emulation of FMA and correctly rounded sums, 2008).
function fmaByOdd(a, b, c) {
  const product = a * b;
  const sum = product + c;
  const rest = sum - product;
  const error = (product - (sum - rest)) + (c - rest);
  doubleSlot[0] = sum;
  if (error !== 0 && !Number.isNaN(error) && !(doubleBits[0] & 1n)) {
    doubleBits[0] += (error > 0) === (sum > 0) ? 1n : -1n;
  }
  return Math.fround(doubleSlot[0]);
}

// The same, sooner. Rounding twice goes wrong only where the double lies in the middle between two
// floats; then what lies as far on its other side is a float, too, and seldom is it otherwise.
function fma(a, b, c) {
  const sum = a * b + c;
  const near = Math.fround(sum);
  if (near !== sum) {
    const far = sum + (sum - near);
    if (Math.fround(far) === far) {
      return fmaByOdd(a, b, c);
    }
  }
  return near;
}

function tiny(v) {
  return Math.abs(v) < TINY ? 0 : v;
}

// |x| ≤ 45
function canonExp(x) {
  const h = fma(x, LOG2E, ROUND);
  const n = Math.fround(h - ROUND);
  let r = fma(n, -LN2_HIGH, x);
  r = fma(n, -LN2_LOW, r);
  let q = fma(r, EXP_4, EXP_3);
  q = fma(q, r, EXP_2);
  q = fma(q, r, EXP_1);
  q = fma(q, r, EXP_0);
  const power = Math.fround(fma(q, Math.fround(r * r), r) + 1);
  floatSlot[0] = h;
  const exponent = floatBits[0] << 23;
  floatSlot[0] = power;
  floatBits[0] += exponent;
  return floatSlot[0];
}

// 1 ≤ d < 2^100
function canonReciprocal(d) {
  floatSlot[0] = d;
  floatBits[0] = RECIPROCAL - floatBits[0];
  let r = floatSlot[0];
  let e = fma(-d, r, 1);
  r = fma(r, fma(e, e, e), r);
  e = fma(-d, r, 1);
  return fma(r, fma(e, e, e), r);
}

function canonSigmoid(z) {
  let x = -z < -LARGEST_EXPONENT ? -LARGEST_EXPONENT : -z;
  x = x > LARGEST_EXPONENT ? LARGEST_EXPONENT : x;
  return Math.fround(tiny(canonReciprocal(Math.fround(1 + canonExp(x)))) + (z - z));
}

// Of count terms, one at least.
function canonTree(terms, first, count) {
  if (count === 1) {
    return terms[first];
  }
  let m = 1;
  while (2 * m < count) {
    m *= 2;
  }
  return Math.fround(canonTree(terms, first, m) + canonTree(terms, first + m, count - m));
}

// network: {hidden, w1, w2, scale, shift}, the arrays as the page has them. Doubles are made of the
// weights once, as to turn a float into one takes time in every step.
function makeCanon(network) {
  const hidden = network.hidden;
  const canon = {
    ...network,
    w1: Float64Array.from(network.w1),
    w2: Float64Array.from(network.w2),
    panels: Math.ceil(hidden / CANON_PANEL),
    slab: new Float64Array(hidden),
    q: new Float64Array(hidden),
    a1: new Float64Array(hidden),
    shifted: new Float64Array(hidden),
  };
  canon.panelSums = new Float64Array(canon.panels * CANON_CLASSES);
  sumPixels(canon, new Uint8Array(CANON_PIXELS).fill(1), 0);
  for (let j = 0; j < hidden; j++) {
    canon.shifted[j] = fma(canon.shift, canon.q[j], canon.w1[j]);
  }
  return canon;
}

// slab = fma(p, row, slab)
function addScaled(p, weights, row, slab, hidden) {
  for (let j = 0; j < hidden; j++) {
    slab[j] = fma(p, weights[row + j], slab[j]);
  }
}

// Q of the image that begins at `first`.
function sumPixels(canon, pixels, first) {
  const { hidden, w1, slab, q } = canon;
  q.fill(0);
  for (let begin = 0; begin < CANON_PIXELS; begin += CANON_SLAB) {
    slab.fill(0);
    for (let k = begin; k < begin + CANON_SLAB; k++) {
      const p = pixels[first + k];
      if (p > 0) {
        addScaled(p, w1, (1 + k) * hidden, slab, hidden);
      }
    }
    for (let j = 0; j < hidden; j++) {
      q[j] = Math.fround(q[j] + slab[j]);
    }
  }
}

// Z2 and A2 of the image that begins at `first`, to `at` of sums and outputs.
function canonOutputs(canon, pixels, first, sums, outputs, at) {
  const { hidden, w2, q, a1, shifted, scale, panels, panelSums } = canon;
  sumPixels(canon, pixels, first);
  for (let j = 0; j < hidden; j++) {
    a1[j] = canonSigmoid(fma(scale, q[j], shifted[j]));
  }
  for (let o = 0; o < CANON_CLASSES; o++) {
    for (let p = 0; p < panels; p++) {
      const end = Math.min(hidden, (p + 1) * CANON_PANEL);
      let sum = 0;
      for (let j = p * CANON_PANEL; j < end; j++) {
        sum = fma(a1[j], w2[(1 + j) * CANON_CLASSES + o], sum);
      }
      panelSums[o * panels + p] = sum;
    }
    sums[at + o] = w2[o] + canonTree(panelSums, o * panels, panels);
    outputs[at + o] = canonSigmoid(sums[at + o]);
  }
}
