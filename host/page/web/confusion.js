// SPDX-License-Identifier: MIT
// The confusion matrix of the test images: a table of buttons, and what was answered to which image.

// {answers [n], cells [label][answer]: numbers of images, certainty [n] of the answer}
async function judgeImages() {
  const [labels, sums, outputs] =
    await Promise.all(["test_labels", "test_sums", "test_outputs"].map(arrayOf));
  const answers = Uint8Array.from(labels, (label, i) => largestOf(sums, CLASSES * i, CLASSES));
  const certainty = Float32Array.from(answers, (answer, i) => outputs[CLASSES * i + answer]);
  const cells = Array.from({ length: CLASSES }, () =>
    Array.from({ length: CLASSES }, () => []));
  answers.forEach((answer, i) => cells[labels[i]][answer].push(i));
  for (const images of cells.flat()) {
    images.sort((a, b) => certainty[b] - certainty[a]);
  }
  return { labels, answers, cells, certainty, sums, outputs };
}

// Wrong answers, the most certain first.
function worstMistakes(judged) {
  return Array.from(judged.answers.keys())
    .filter((i) => judged.answers[i] !== judged.labels[i])
    .sort((a, b) => judged.certainty[b] - judged.certainty[a]);
}

function confusionCell(label, answer, count, most) {
  const right = label === answer;
  const button = makeElement("button", { "data-label": label, "data-answer": answer,
    "data-count": count, tabindex: -1, class: right ? "right" : "",
    "aria-label": `${label}, answered ${answer}: ${count} images` }, String(count));
  button.style.setProperty("--share", right ? 0 : Math.round(100 * Math.sqrt(count / most)) + "%");
  return button;
}

// One cell is reached by Tab, the others by arrow keys.
function moveInTable(buttons) {
  let at = 0;
  const focus = (next) => {
    buttons[at].tabIndex = -1;
    at = next;
    buttons[at].tabIndex = 0;
  };
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  buttons.forEach((button, i) => {
    button.addEventListener("focus", () => focus(i));
    button.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      if (step) {
        const row = Math.min(Math.max(Math.floor(i / CLASSES) + step[0], 0), CLASSES - 1);
        const column = Math.min(Math.max(i % CLASSES + step[1], 0), CLASSES - 1);
        buttons[row * CLASSES + column].focus();
        event.preventDefault();
      }
    });
  });
  focus(0);
}

// `open` is called with label and answer.
function confusionTable(judged, open) {
  const most = Math.max(1, ...judged.cells.flatMap((row, label) =>
    row.filter((images, answer) => answer !== label).map((images) => images.length)));
  const buttons = [];
  const rows = judged.cells.map((row, label) => makeElement("tr", {},
    makeElement("th", { scope: "row" }, `is ${label}`),
    ...row.map((images, answer) => {
      const button = confusionCell(label, answer, images.length, most);
      button.addEventListener("click", () => open(label, answer));
      buttons.push(button);
      return makeElement("td", {}, button);
    })));
  moveInTable(buttons);
  return makeElement("table", { id: "confusion" },
    makeElement("thead", {}, makeElement("tr", {}, makeElement("td"),
      ...judged.cells.map((row, answer) =>
        makeElement("th", { scope: "col", "aria-label": `answered ${answer}` }, String(answer))))),
    makeElement("tbody", {}, ...rows));
}
