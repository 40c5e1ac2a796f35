// SPDX-License-Identifier: MIT
// The network of the page: its weights, and what it makes of a picture. Sums are kept in floats, as
// the program keeps them, but not in its order: the last bits differ. canon.js has them right.

const PIXELS = 784;
const SIDE = 28;
const CLASSES = 10;

// {hidden, w1 [785][hidden] row 0 the bias, w2 [hidden + 1][10] likewise, scale, shift,
//  paper [hidden], rounded}
async function readNetwork(facts) {
  const hidden = facts.hidden;
  const w1 = hasArray("w1") ? await arrayOf("w1") : await weightsOfLevels(hidden);
  const { scale, shift } = facts.normalisation;
  return {
    hidden, w1, w2: await arrayOf("w2"), scale, shift,
    paper: sumsOfPaper(w1, hidden, shift), rounded: !hasArray("w1"),
  };
}

// One network for all parts of the page.
let networkOfPage = null;
function theNetwork(facts) {
  networkOfPage ??= readNetwork(facts);
  return networkOfPage;
}

async function weightsOfLevels(hidden) {
  const [bias, steps, levels] =
    await Promise.all(["w1_bias", "w1_steps", "w1_levels"].map(arrayOf));
  const w1 = new Float32Array((PIXELS + 1) * hidden);
  w1.set(bias);
  for (let at = 0, j = 0; at < levels.length; at++, j = j + 1 === hidden ? 0 : j + 1) {
    w1[hidden + at] = levels[at] * steps[j];
  }
  return w1;
}

// What each neuron's sum is when the sheet is empty, without its bias: an empty pixel is not 0 for
// the network but `shift`, so that the average pixel of all pictures is 0.
function sumsOfPaper(w1, hidden, shift) {
  const sums = new Float32Array(hidden);
  for (let k = 1; k <= PIXELS; k++) {
    for (let j = 0, at = k * hidden; j < hidden; j++, at++) {
      sums[j] += w1[at];
    }
  }
  for (let j = 0; j < hidden; j++) {
    sums[j] *= shift;
  }
  return sums;
}

function sigmoid(z) {
  return 1 / (1 + Math.exp(-z));
}

// Sums of all hidden neurons. Most pixels of a digit have no ink, and are left out.
function hiddenSums(net, ink, sums = new Float32Array(net.hidden)) {
  const { hidden, w1, paper, scale } = net;
  sums.fill(0);
  for (let k = 0; k < PIXELS; k++) {
    const p = ink[k];
    if (p !== 0) {
      for (let j = 0, at = (k + 1) * hidden; j < hidden; j++, at++) {
        sums[j] += p * w1[at];
      }
    }
  }
  for (let j = 0; j < hidden; j++) {
    sums[j] = scale * sums[j] + (paper[j] + w1[j]);
  }
  return sums;
}

// {sums, activations [hidden], outputSums, outputs [10]}
function answerTo(net, ink) {
  const { hidden, w2 } = net;
  const sums = hiddenSums(net, ink);
  const activations = sums.map(sigmoid);
  const outputSums = w2.slice(0, CLASSES);
  for (let j = 0, at = CLASSES; j < hidden; j++) {
    for (let o = 0; o < CLASSES; o++, at++) {
      outputSums[o] += activations[j] * w2[at];
    }
  }
  return { sums, activations, outputSums, outputs: outputSums.map(sigmoid) };
}

// The grey levels of one of many images.
function imageAt(images, index) {
  return images.subarray(PIXELS * index, PIXELS * (index + 1));
}

// The first of the largest, as the program answers.
function largestOf(values, from = 0, count = values.length) {
  let best = 0;
  for (let o = 1; o < count; o++) {
    if (values[from + o] > values[from + best]) {
      best = o;
    }
  }
  return best;
}

// ---- one neuron ----

function incomingOf(net, neuron) {
  const weights = new Float32Array(PIXELS);
  for (let k = 0, at = net.hidden + neuron; k < PIXELS; k++, at += net.hidden) {
    weights[k] = net.w1[at];
  }
  return weights;
}

function outgoingOf(net, neuron) {
  return net.w2.subarray(CLASSES * (neuron + 1), CLASSES * (neuron + 2));
}

// The class that it speaks for most.
function classOf(net, neuron) {
  return largestOf(outgoingOf(net, neuron));
}

// Its sum for each of the images. Activations near 0 or 1 are hard to tell apart, sums are not.
function sumsOf(net, neuron, images) {
  const weights = incomingOf(net, neuron);
  const rest = net.paper[neuron] + net.w1[neuron];
  const sums = new Float32Array(images.length / PIXELS);
  for (let i = 0, at = 0; i < sums.length; i++) {
    let sum = 0;
    for (let k = 0; k < PIXELS; k++, at++) {
      if (images[at] !== 0) {
        sum += images[at] * weights[k];
      }
    }
    sums[i] = net.scale * sum + rest;
  }
  return sums;
}

// The parts of its sum: {ink [784] what each inked pixel adds, inkSum, paper, bias, total}.
function partsOfSum(net, neuron, ink) {
  const weights = incomingOf(net, neuron);
  const parts = new Float32Array(PIXELS);
  let inkSum = 0;
  for (let k = 0; k < PIXELS; k++) {
    parts[k] = net.scale * ink[k] * weights[k];
    inkSum += parts[k];
  }
  const paper = net.paper[neuron];
  const bias = net.w1[neuron];
  return { ink: parts, inkSum, paper, bias, total: inkSum + paper + bias };
}

// How many test images are answered rightly, in all and by class, if the neuron is not there (or
// as things are, if it is null). `sums` are those of the program, with it.
function countRight(net, neuron, images, labels, sums) {
  const out = neuron === null ? new Float32Array(CLASSES) : outgoingOf(net, neuron);
  const activations = neuron === null ? null : sumsOf(net, neuron, images).map(sigmoid);
  const byClass = new Int32Array(CLASSES);
  const without = new Float32Array(CLASSES);
  let right = 0;
  for (let i = 0; i < labels.length; i++) {
    for (let o = 0; o < CLASSES; o++) {
      without[o] = sums[CLASSES * i + o] - (activations ? activations[i] * out[o] : 0);
    }
    if (largestOf(without) === labels[i]) {
      byClass[labels[i]]++;
      right++;
    }
  }
  return { right, byClass };
}
