// SPDX-License-Identifier: MIT
// Orders of the hidden neurons, and which of them are dead or twins. With thousands of neurons these
// take a while; the work is cut into slices, between which the page stays awake.

const SLICE_MS = 10;

// Waits, if this slice of work has lasted long enough. `slice` is {began}.
async function breathe(slice) {
  if (performance.now() - slice.began > SLICE_MS) {
    await new Promise((done) => setTimeout(done));
    slice.began = performance.now();
  }
}

function countUp(count) {
  return Uint32Array.from({ length: count }, (_, i) => i);
}

function byDigit(net) {
  const classes = countUp(net.hidden).map((j) => classOf(net, j));
  const votes = Float32Array.from(classes, (o, j) => outgoingOf(net, j)[o]);
  return countUp(net.hidden).sort((a, b) => classes[a] - classes[b] || votes[b] - votes[a] || a - b);
}

function byNorm(net) {
  const squares = new Float64Array(net.hidden);
  for (let k = 1; k <= PIXELS; k++) {
    for (let j = 0, at = k * net.hidden; j < net.hidden; j++, at++) {
      squares[j] += net.w1[at] * net.w1[at];
    }
  }
  return countUp(net.hidden).sort((a, b) => squares[b] - squares[a] || a - b);
}

// Each neuron's weights, averaged over 7 by 7 squares of four by four pixels, with length 1.
const SQUARES = 49;

function coarseWeights(net) {
  const { hidden, w1 } = net;
  const coarse = new Float32Array(hidden * SQUARES);
  for (let k = 0; k < PIXELS; k++) {
    const square = 7 * (k / SIDE >> 2) + (k % SIDE >> 2);
    for (let j = 0, at = (k + 1) * hidden; j < hidden; j++, at++) {
      coarse[j * SQUARES + square] += w1[at];
    }
  }
  for (let j = 0; j < hidden; j++) {
    const own = coarse.subarray(j * SQUARES, (j + 1) * SQUARES);
    const length = Math.hypot(...own) || 1;
    own.forEach((value, n) => { own[n] = value / length; });
  }
  return coarse;
}

function product(values, a, b, from, to) {
  let sum = 0;
  for (let i = from; i < to; i++) {
    sum += values[a + i] * values[b + i];
  }
  return sum;
}

// From the first neuron to the most similar one that is left, and on from there.
async function bySimilarity(net) {
  const coarse = coarseWeights(net);
  const left = countUp(net.hidden);
  const order = new Uint32Array(net.hidden);
  const slice = { began: performance.now() };
  for (let place = 1, count = net.hidden; place < net.hidden; place++) {
    const last = order[place - 1];
    left[left.indexOf(last)] = left[--count];
    let best = 0;
    let most = -Infinity;
    for (let i = 0; i < count; i++) {
      const alike = product(coarse, last * SQUARES, left[i] * SQUARES, 0, SQUARES);
      if (alike > most) {
        most = alike;
        best = i;
      }
    }
    order[place] = left[best];
    await breathe(slice);
  }
  return order;
}

// What the order is called in the page, and how it is made: neurons, row by row. The film's order
// goes down the columns, as its pictures do.
const ORDERS = {
  film: { title: "as in the film", make: (net) => countUp(net.hidden), columns: true },
  digit: { title: "by digit", make: byDigit },
  norm: { title: "by strength", make: byNorm },
  similar: { title: "by likeness", make: bySimilarity },
};

// ---- dead and twin neurons ----

const DEAD_DEVIATION = 0.02;
const TWIN_CORRELATION = 0.95;
// Activations that are looked at, so that a large layer does not take long, and the fewest images.
const MOST_ACTIVATIONS = 1 << 21;
const FEWEST_IMAGES = 256;
const BLOCK = 32;

// Activations [hidden][count] for images that are spread evenly over all.
async function sampleActivations(net, images) {
  const all = images.length / PIXELS;
  const wanted = Math.max(FEWEST_IMAGES, Math.floor(MOST_ACTIVATIONS / net.hidden));
  const count = Math.min(all, wanted);
  const values = new Float32Array(net.hidden * count);
  const sums = new Float32Array(net.hidden);
  const slice = { began: performance.now() };
  for (let i = 0; i < count; i++) {
    const image = PIXELS * Math.floor(i * all / count);
    hiddenSums(net, images.subarray(image, image + PIXELS), sums);
    for (let j = 0; j < net.hidden; j++) {
      values[j * count + i] = sigmoid(sums[j]);
    }
    await breathe(slice);
  }
  return { values, count };
}

// Makes each row have mean 0 and length 1; gives the deviations it had.
function standardise(values, rows, count) {
  const deviations = new Float32Array(rows);
  for (let j = 0; j < rows; j++) {
    const row = values.subarray(j * count, (j + 1) * count);
    let sum = 0;
    let squares = 0;
    for (const value of row) {
      sum += value;
    }
    const mean = sum / count;
    for (let i = 0; i < count; i++) {
      row[i] -= mean;
      squares += row[i] * row[i];
    }
    deviations[j] = Math.sqrt(squares / count);
    const length = Math.sqrt(squares) || 1;
    for (let i = 0; i < count; i++) {
      row[i] /= length;
    }
  }
  return deviations;
}

// Of each row, how long what is left from each block on is: [rows][blocks].
function lengthsLeft(values, rows, count, blocks) {
  const lengths = new Float32Array(rows * blocks);
  for (let j = 0; j < rows; j++) {
    let squares = 0;
    for (let block = blocks - 1; block >= 0; block--) {
      const to = Math.min(count, (block + 1) * BLOCK);
      squares += product(values, j * count, j * count, block * BLOCK, to);
      lengths[j * blocks + block] = Math.sqrt(squares);
    }
  }
  return lengths;
}

// The correlation of two rows, or 0 as soon as it is sure to be below TWIN_CORRELATION: what is left
// can add no more than the product of the lengths that are left.
function twinCorrelation(rows, a, b) {
  const { values, count, blocks, lengths } = rows;
  let sum = 0;
  for (let block = 0; block < blocks; block++) {
    if (sum + lengths[a * blocks + block] * lengths[b * blocks + block] < TWIN_CORRELATION) {
      return 0;
    }
    const to = Math.min(count, (block + 1) * BLOCK);
    sum += product(values, a * count, b * count, block * BLOCK, to);
  }
  return sum >= TWIN_CORRELATION ? sum : 0;
}

// {dead [hidden] 0 or 1, deviations, twin [hidden] the most correlated neuron or −1, correlation,
//  images how many it was looked at, deadCount, twinCount}
async function kindsOfNeurons(net, images) {
  const { values, count } = await sampleActivations(net, images);
  const { hidden } = net;
  const deviations = standardise(values, hidden, count);
  const dead = Uint8Array.from(deviations, (d) => d < DEAD_DEVIATION);
  const blocks = Math.ceil(count / BLOCK);
  const rows = { values, count, blocks, lengths: lengthsLeft(values, hidden, count, blocks) };
  const twin = new Int32Array(hidden).fill(-1);
  const correlation = new Float32Array(hidden);
  const slice = { began: performance.now() };
  for (let a = 0; a < hidden; a++) {
    for (let b = a + 1; b < hidden && !dead[a]; b++) {
      const alike = dead[b] ? 0 : twinCorrelation(rows, a, b);
      for (const [one, other] of alike ? [[a, b], [b, a]] : []) {
        if (alike > correlation[one]) {
          correlation[one] = alike;
          twin[one] = other;
        }
      }
    }
    await breathe(slice);
  }
  return {
    dead, deviations, twin, correlation, images: count,
    deadCount: dead.reduce((sum, d) => sum + d, 0), twinCount: twin.filter((t) => t >= 0).length,
  };
}
