// SPDX-License-Identifier: MIT
// The curves of the training, by Chart.js: losses, accuracy, and the accuracy of each digit. Their x
// are batches; what is known of an epoch lies at its last batch.

const MOST_POINTS = 1500; // of a curve: more cannot be seen
const TEN_CLASSES = Array.from({ length: 10 }, (_, digit) => digit);

// Which batch an epoch ends with.
function endOfEpoch(facts, epoch) {
  return Math.min(epoch * facts.batches_per_epoch, facts.batches);
}

function epochPoints(facts, valueOf) {
  return facts.epochs.map((e) => ({ x: endOfEpoch(facts, e.epoch), y: valueOf(e) }));
}

function shareOfDigit(evaluation, digit) {
  const row = evaluation.confusion[digit];
  const all = row.reduce((sum, count) => sum + count, 0);
  return all ? row[digit] / all : null;
}

// Of many points the least and the largest in each of so many stretches: what stands out stays.
function thinOut(losses) {
  const stretch = Math.max(1, Math.ceil(losses.length / (MOST_POINTS / 2)));
  const points = [];
  for (let first = 0; first < losses.length; first += stretch) {
    let least = first;
    let most = first;
    for (let i = first; i < Math.min(first + stretch, losses.length); i++) {
      least = losses[i] < losses[least] ? i : least;
      most = losses[i] > losses[most] ? i : most;
    }
    for (const i of new Set([Math.min(least, most), Math.max(least, most)])) {
      points.push({ x: i + 1, y: losses[i] });
    }
  }
  return points;
}

// The colours of now, by the names that they have in the style.
function themeColours() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

// ---- what the three charts show ----

function curve(label, data, colour, more = {}) {
  return { label, data, borderColor: colour, backgroundColor: colour, borderWidth: 2,
    pointRadius: data.length > 60 ? 0 : 2.5, pointHoverRadius: 0, tension: 0, ...more };
}

function lossCurves(facts, losses, colour) {
  const all = [
    curve("validation, after each epoch", epochPoints(facts, (e) => e.validation.loss),
      colour("positive")),
    curve("training, mean of each epoch", epochPoints(facts, (e) => e.train_loss),
      colour("negative"), { borderDash: [5, 3] }),
  ];
  if (losses) {
    all.push(curve("training, each batch", thinOut(losses), colour("batch-curve"),
      { borderWidth: 1, pointRadius: 0 }));
  }
  return all;
}

function accuracyCurves(facts, colour) {
  return [curve("validation images", epochPoints(facts, (e) => e.validation.accuracy),
    colour("accent"))];
}

function digitCurves(facts, colour) {
  return TEN_CLASSES.map((digit) => curve(String(digit),
    epochPoints(facts, (e) => shareOfDigit(e.validation, digit)), colour(`class-${digit}`),
    { borderDash: digit % 2 ? [5, 3] : [], digit }));
}

// ---- how they look ----

// Ticks where epochs end; as many as there is room for.
function epochTicks(facts, width) {
  const count = Math.ceil(facts.batches / facts.batches_per_epoch);
  const step = Math.max(1, Math.ceil(count * 64 / width));
  const ticks = [];
  for (let epoch = step; epoch <= count; epoch += step) {
    ticks.push({ value: endOfEpoch(facts, epoch), label: `epoch ${epoch}` });
  }
  return ticks;
}

function curveOptions(facts, colour, y) {
  const grid = { color: colour("line"), tickColor: colour("line") };
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12 };
  const ticks = { color: colour("soft"), font };
  return {
    animation: false, responsive: true, maintainAspectRatio: false, parsing: false,
    events: [], // the cursor is ours
    layout: { padding: { right: 14 } },
    plugins: { legend: { display: false }, tooltip: { enabled: false } },
    scales: {
      x: { type: "linear", min: 0, max: facts.batches, grid,
        ticks: { ...ticks, maxRotation: 0, autoSkip: false,
          callback: (value, i, all) => all[i].label },
        afterBuildTicks: (scale) => { scale.ticks = epochTicks(facts, scale.chart.width - 60); } },
      y: { grid, ...y, ticks: { ...ticks, ...y.ticks }, afterFit: (s) => { s.width = 52; } },
    },
  };
}

// A digit beside the end of its curve, moved apart where they would lie on one another.
const digitNames = {
  id: "digitNames",
  afterDatasetsDraw(chart) {
    const paint = chart.ctx;
    const ends = chart.data.datasets.filter((set) => set.digit !== undefined && set.data.length)
      .map((set) => ({ digit: set.digit, colour: set.borderColor,
        y: chart.scales.y.getPixelForValue(set.data.at(-1).y) }))
      .sort((a, b) => a.y - b.y);
    paint.save();
    paint.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
    paint.textBaseline = "middle";
    const least = chart.chartArea.top + 4;
    const most = chart.chartArea.bottom - 4;
    ends.forEach((end, i) => {
      end.y = Math.max(end.y, i ? ends[i - 1].y + 12 : least);
    });
    for (let i = ends.length - 1; i >= 0; i--) {
      ends[i].y = Math.min(ends[i].y, i + 1 < ends.length ? ends[i + 1].y - 12 : most);
      paint.fillStyle = ends[i].colour;
      paint.fillText(ends[i].digit, chart.chartArea.right + 4, ends[i].y);
    }
    paint.restore();
  },
};

const asPercent = { ticks: { callback: (value) => `${Number((100 * value).toFixed(1))}\u202f%` } };

// What is said of a batch: of a loss of its own, or of the epoch that was over by then.
function tellEpoch(facts, batch, tell) {
  const epoch = facts.epochs.findLast((e) => endOfEpoch(facts, e.epoch) <= batch);
  return epoch ? `after epoch ${epoch.epoch}: ${tell(epoch.validation)}` : "before the end of an epoch";
}

function sharesOfDigits(evaluation) {
  return TEN_CLASSES.map((digit) => `${digit} ${percent(shareOfDigit(evaluation, digit), 1)}`).join(", ");
}

// id, title, what it means, its curves, its y axis, what is said of a batch
function curvePlans(facts, losses) {
  return [
    { id: "curve-loss", title: "Loss",
      lead: "How far the answers are from the truth; less is better. It is what training makes small.",
      curves: (colour) => lossCurves(facts, losses, colour),
      y: { type: losses ? "logarithmic" : "linear",
        ticks: { maxTicksLimit: 6, callback: (value) => String(Number(value.toPrecision(3))) } },
      at: (batch) => (batch <= losses?.length
        ? `batch ${wholeNumber(batch)}: ${losses[batch - 1].toFixed(3)}`
        : tellEpoch(facts, batch, (validation) => validation.loss?.toFixed(3))) },
    { id: "curve-accuracy", title: "Accuracy",
      lead: "The share of right answers to pictures that it does not learn from, after each epoch.",
      curves: (colour) => accuracyCurves(facts, colour), y: asPercent,
      at: (batch) => tellEpoch(facts, batch, (validation) => percent(validation.accuracy)) },
    { id: "curve-digits", title: "Which digit when?", lead: whenLearned(facts),
      curves: (colour) => digitCurves(facts, colour), y: asPercent, plugins: [digitNames],
      at: (batch) => tellEpoch(facts, batch, sharesOfDigits) },
  ];
}

// In a sentence: after which epoch 90 % of the pictures of a digit were right for the first time.
function whenLearned(facts) {
  const groups = new Map();
  for (let digit = 0; digit < 10; digit++) {
    const epoch = facts.epochs.find((e) => shareOfDigit(e.validation, digit) >= 0.9)?.epoch ?? null;
    groups.set(epoch, [...groups.get(epoch) ?? [], digit]);
  }
  const told = [...groups.keys()].filter((epoch) => epoch !== null).sort((a, b) => a - b)
    .map((epoch) => `after epoch ${epoch}: ${groups.get(epoch).join(", ")}`);
  if (groups.has(null)) {
    told.push(`not yet: ${groups.get(null).join(", ")}`);
  }
  return `Nine of ten pictures of a class right, for the first time ${told.join("; ")}.`;
}
