// SPDX-License-Identifier: MIT
// Files that the page gives away: weights as safetensors, tables as CSV.

function downloadButton(id, name, text, makeContent) {
  const button = makeElement("button", { id, "data-file": name }, text);
  button.addEventListener("click", async () => {
    const content = await makeContent();
    const url = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
    makeElement("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  });
  return button;
}

// ---- safetensors: as host/data/safetensors_write.c writes them, byte for byte ----

function safetensorsHeader(metadata, tensors) {
  const strings = Object.entries(metadata).filter(([, value]) => value !== null);
  const header = { __metadata__: Object.fromEntries(strings) };
  let begin = 0;
  for (const { name, shape, values } of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [begin, begin + values.byteLength] };
    begin += values.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(0x20);
  padded.set(text);
  return padded;
}

async function safetensorsOf(facts) {
  const [w1, w2] = await Promise.all(["w1", "w2"].map(arrayOf));
  const tensors = [
    { name: "w1", shape: [785, facts.hidden], values: w1 },
    { name: "w2", shape: [facts.hidden + 1, 10], values: w2 },
  ];
  const header = safetensorsHeader(facts.made, tensors);
  const length = new BigUint64Array([BigInt(header.length)]);
  return new Blob([length, header, w1, w2]).arrayBuffer();
}

// ---- CSV ----

function csvOf(head, rows) {
  return [head, ...rows].map((row) => row.join(",") + "\n").join("");
}

// As many digits as tell a float from all others.
function floatText(value) {
  return String(Number(value.toPrecision(9)));
}

function epochsCsv(facts) {
  return csvOf(["epoch", "train_loss", "validation_loss", "validation_accuracy",
    ...TEN_CLASSES.map((digit) => `accuracy_of_${digit}`)],
  facts.epochs.map((e) => [e.epoch, e.train_loss ?? "", e.validation.loss ?? "",
    e.validation.accuracy, ...TEN_CLASSES.map((digit) => shareOfDigit(e.validation, digit) ?? "")]));
}

async function lossesCsv() {
  const losses = await arrayOf("batch_losses");
  return csvOf(["batch", "loss"], Array.from(losses, (loss, i) => [i + 1, floatText(loss)]));
}

function confusionCsv(facts) {
  return csvOf(["label", ...TEN_CLASSES.map((digit) => `answered_${digit}`)],
    facts.test.confusion.map((row, label) => [label, ...row]));
}

async function outputsCsv() {
  const [labels, sums, outputs] =
    await Promise.all(["test_labels", "test_sums", "test_outputs"].map(arrayOf));
  return csvOf(["image", "label", "answer", ...TEN_CLASSES.map((digit) => `output_${digit}`)],
    Array.from(labels, (label, i) => [i, label, largestOf(sums, 10 * i, 10),
      ...Array.from(outputs.subarray(10 * i, 10 * i + 10), floatText)]));
}

// The buttons of all files that this page can make.
function downloadButtons(facts) {
  const buttons = [];
  if (hasArray("w1")) {
    buttons.push(downloadButton("save-weights", `clearbox-${facts.hidden}.safetensors`,
      "Weights (safetensors)", () => safetensorsOf(facts)));
  }
  if (facts.epochs?.length) {
    buttons.push(downloadButton("save-epochs", "epochs.csv", "Epochs (CSV)", () => epochsCsv(facts)));
  }
  if (hasArray("batch_losses")) {
    buttons.push(downloadButton("save-losses", "batch_losses.csv", "Loss of each batch (CSV)",
      lossesCsv));
  }
  buttons.push(
    downloadButton("save-confusion", "confusion.csv", "Confusion matrix (CSV)",
      () => confusionCsv(facts)),
    downloadButton("save-outputs", "test_outputs.csv", "Test outputs (CSV)", outputsCsv));
  return buttons;
}
