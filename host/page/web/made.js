// SPDX-License-Identifier: MIT
// What made the network: every setting, times, hashes; the command to repeat it; files to take along.

// Groups of facts.made, and what people call its keys. A key that is in none of them is shown at the
// end, as it is called.
const MADE_GROUPS = [
  ["Training", {
    recipe: "recipe: which formulas train it", hidden: "hidden neurons", epochs: "epochs",
    batch: "images in a batch", batches: "batches", planned_batches: "batches that were planned",
    learning_rate: "learning rate asked for",
    first_learning_rate_hidden: "first learning rate of the hidden neurons",
    first_learning_rate_output: "first learning rate of the outputs",
    learning_rate_course: "how the rates go on", seed: "seed of the random numbers",
    shuffle: "images shuffled in each epoch", init: "first weights",
    schedule: "schedule: which kernels train it",
  }],
  ["Images", {
    pixel_mean: "mean of all pixels of the training images, 0 to 255",
    pixel_deviation: "their standard deviation", data: "data",
  }],
  ["Device", {
    device: "device", driver: "driver", platform: "platform", compute_units: "compute units",
    arithmetic: "arithmetic", fused_multiply_add: "multiplies and adds in one step",
  }],
  ["Program", { format: "format", version: "version of clearbox", commit: "commit",
    compiler: "compiler" }],
  ["Hashes (SHA-256)", {
    weights_sha256: "weights", film_sha256: "film", data_sha256: "data",
  }],
];

const MADE_TIMES = {
  load: "read the images", start: "make the device ready", train: "train",
  evaluate: "try validation and test images", encode: "encode the film",
};

function madeList(title, pairs) {
  return makeElement("section", { class: "made-group" }, makeElement("h3", {}, title),
    makeElement("dl", {}, ...pairs.flatMap(([key, label, value]) => [
      makeElement("dt", {}, label), makeElement("dd", { "data-key": key }, value)])));
}

// [title, [[key, label, value]…]] of what there is.
function madeGroups(facts) {
  const left = new Map(Object.entries(facts.made).filter(([, value]) => value !== null));
  const take = (labels) => Object.entries(labels).filter(([key]) => left.has(key))
    .map(([key, label]) => {
      const value = left.get(key);
      left.delete(key);
      return [key, label, value];
    });
  const groups = MADE_GROUPS.map(([title, labels]) => [title, take(labels)]);
  groups.push(["More", [...left].map(([key, value]) => [key, key.replaceAll("_", " "), value])]);
  const times = Object.entries(facts.times ?? {})
    .map(([key, seconds]) => [`time_${key}`, MADE_TIMES[key] ?? key, `${seconds.toFixed(3)} s`]);
  groups.push(["Seconds that it took to", times]);
  return groups.filter(([, pairs]) => pairs.length > 0);
}

async function copyText(text, source) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // a browser that does not let pages from files: mark it, and copy what is marked
    getSelection().selectAllChildren(source);
    document.execCommand("copy");
  }
}

function commandCard(facts) {
  const command = makeElement("code", { id: "command", tabindex: 0 }, facts.command);
  const copied = makeElement("span", { class: "note", role: "status" });
  const button = makeElement("button", { id: "copy-command" }, "Copy");
  button.addEventListener("click", async () => {
    await copyText(facts.command, command);
    copied.textContent = "Copied.";
  });
  return makeElement("div", { class: "card made-command" },
    makeElement("h3", {}, facts.kind === "learn" ? "The command to repeat it"
      : "The command that made this page"), command,
    makeElement("div", { class: "row" }, button, copied));
}

function leftOut(facts) {
  return makeElement("div", { id: "made-left-out" }, makeElement("h3", {}, "What was left out"),
    ...facts.left_out.map((sentence) => makeElement("p", {}, sentence)));
}

function initMade(section, facts) {
  section.append(makeElement("p", { class: "lead" },
    "Everything that decided what the network became. The same settings give the same weights, "
    + "to the last bit."));
  if (facts.command) {
    section.append(commandCard(facts));
  }
  section.append(
    makeElement("div", { class: "made-groups" },
      ...madeGroups(facts).map(([title, pairs]) => madeList(title, pairs))),
    makeElement("h3", {}, "Take it along"),
    makeElement("div", { class: "row" }, ...downloadButtons(facts)));
  if (facts.left_out.length) {
    section.append(leftOut(facts));
  }
}
