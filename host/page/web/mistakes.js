// SPDX-License-Identifier: MIT
// Where the network is wrong: images of a cell of the confusion matrix, and why one was answered as
// it was.

const GALLERY_PAGE = 24;
const VOICES = 4; // of the neurons that spoke for a class, or against it

// ---- the gallery ----

function galleryImage(judged, images, index) {
  const canvas = makeElement("canvas", { width: SIDE, height: SIDE, "aria-hidden": "true" });
  paintInk(canvas, imageAt(images, index));
  const label = judged.labels[index];
  const answer = judged.answers[index];
  const button = makeElement("button", { class: "gallery-image", "data-image": index, "aria-label":
    `test image ${index}: is ${label}, answered ${answer}` }, canvas,
  makeElement("span", { class: "note number" }, `${answer}: ${judged.certainty[index].toFixed(2)}`));
  button.addEventListener("click", () => choose("image", index));
  return button;
}

// Shows lists of images, page by page. {element, show(title, list)}
function makeGallery(judged, images) {
  const title = makeElement("h3", { id: "gallery-title", tabindex: -1 });
  const place = makeElement("div", { class: "gallery" });
  const back = makeElement("button", { id: "gallery-back" }, "Back");
  const on = makeElement("button", { id: "gallery-on" }, "More");
  const where = makeElement("span", { class: "note number" });
  let list = [];
  let first = 0;
  const draw = () => {
    const shown = list.slice(first, first + GALLERY_PAGE);
    place.replaceChildren(...shown.map((index) => galleryImage(judged, images, index)));
    where.textContent = list.length
      ? `${first + 1} to ${first + shown.length} of ${wholeNumber(list.length)}` : "none";
    back.disabled = first === 0;
    on.disabled = first + GALLERY_PAGE >= list.length;
  };
  const turn = (step) => {
    first += step * GALLERY_PAGE;
    draw();
  };
  back.addEventListener("click", () => turn(-1));
  on.addEventListener("click", () => turn(1));
  onColours(draw);
  return {
    element: makeElement("div", { class: "card" }, title, place,
      makeElement("div", { class: "row" }, back, on, where)),
    show(text, wanted) {
      title.textContent = text;
      list = wanted;
      first = 0;
      draw();
    },
  };
}

// ---- why ----

// What each neuron adds to the sum of an output: the largest, and the smallest.
function voicesFor(net, activations, output) {
  const added = Array.from(activations, (a, j) =>
    ({ neuron: j, value: a * net.w2[(1 + j) * CLASSES + output] }));
  added.sort((a, b) => b.value - a.value);
  return {
    pro: added.filter((voice) => voice.value > 0).slice(0, VOICES),
    contra: added.filter((voice) => voice.value < 0).slice(-VOICES).reverse(),
  };
}

function voiceItem({ neuron, value }, most) {
  const button = makeElement("button", { class: "link", "data-neuron": neuron }, `neuron ${neuron}`);
  button.addEventListener("click", () => {
    choose("neuron", neuron);
    document.getElementById("neurons").scrollIntoView();
  });
  const bar = makeElement("span", { class: value > 0 ? "voice-bar pro" : "voice-bar contra" });
  bar.style.setProperty("--length", `${Math.round(100 * Math.abs(value) / most)}%`);
  return makeElement("li", { "data-value": value }, button, bar,
    makeElement("span", { class: "number" }, signed(value)));
}

function voicesOf(net, answer, output, role) {
  const { pro, contra } = voicesFor(net, answer.activations, output);
  const most = Math.max(...[...pro, ...contra].map((voice) => Math.abs(voice.value)), 1e-9);
  const list = (title, voices) => [makeElement("p", { class: "note" }, title),
    voices.length ? makeElement("ol", { class: "voices" },
      ...voices.map((voice) => voiceItem(voice, most))) : makeElement("p", {}, "None.")];
  return makeElement("div", { "data-output": output },
    makeElement("h4", {}, `${output}, ${role}: ${answer.outputs[output].toFixed(4)}`),
    ...list(`spoke for ${output}`, pro), ...list(`spoke against ${output}`, contra),
    makeElement("p", { class: "note" }, `All ${wholeNumber(net.hidden)} and the bias of ${
      signed(net.w2[output])} add up to ${signed(answer.outputSums[output])}; `
      + "the more that is, the nearer the output is to 1."));
}

function whySentence(judged, index, second) {
  const label = judged.labels[index];
  const answer = judged.answers[index];
  const output = (o) => judged.outputs[CLASSES * index + o].toFixed(4);
  const runner = `The runner-up is ${second}, ${output(second)}.`;
  return answer === label
    ? `Test image ${index} is a ${label}, and the network says so: its output is ${output(answer)}. `
      + runner
    : `Test image ${index} is a ${label}, but the network answers ${answer}: that output is ${
      output(answer)}, the one of ${label} ${output(label)}. ${second === label ? "" : runner}`;
}

// The second largest.
function runnerUp(judged, index) {
  const sums = Array.from(judged.sums.subarray(CLASSES * index, CLASSES * (index + 1)));
  sums[judged.answers[index]] = -Infinity;
  return largestOf(sums);
}

function makeWhy(net, judged, images) {
  const canvas = makeElement("canvas", { id: "why-image", width: SIDE, height: SIDE, role: "img" });
  const text = makeElement("p", { id: "why-text", "aria-live": "polite" },
    "Choose an image, and see which neurons made the network answer as it does.");
  const voices = makeElement("div", { class: "why-voices" });
  const draw = makeElement("button", { id: "why-draw", hidden: true }, "See it on the pad");
  draw.addEventListener("click", () => document.getElementById("pad").scrollIntoView({ block: "center" }));
  const element = makeElement("div", { id: "why", class: "card" },
    makeElement("div", { class: "why-head" }, canvas, text, draw), voices);
  const show = (index) => {
    if (index === null || index >= judged.labels.length) {
      return;
    }
    const pixels = imageAt(images, index);
    const second = runnerUp(judged, index);
    const label = judged.labels[index];
    const answer = judged.answers[index];
    paintInk(canvas, pixels);
    canvas.setAttribute("aria-label", `Test image ${index}`);
    element.dataset.image = index;
    draw.hidden = false;
    text.textContent = whySentence(judged, index, second);
    const computed = answerTo(net, pixels);
    voices.replaceChildren(voicesOf(net, computed, answer, "the answer"),
      answer === label ? voicesOf(net, computed, second, "the runner-up")
        : voicesOf(net, computed, label, "the truth"));
  };
  onChosen("image", show);
  onColours(() => show(element.dataset.image === undefined ? null : Number(element.dataset.image)));
  return element;
}

async function initMistakes(section, facts) {
  const [net, judged, images] =
    await Promise.all([theNetwork(facts), judgeImages(), arrayOf("test_images")]);
  const gallery = makeGallery(judged, images);
  const worst = () => gallery.show("The worst mistakes: wrong, and most certain of it",
    worstMistakes(judged));
  const table = confusionTable(judged, (label, answer) => gallery.show(label === answer
    ? `Are ${label}, and answered as ${label}` : `Are ${label}, but answered as ${answer}`,
  judged.cells[label][answer]));
  const again = makeElement("button", { id: "worst" }, "The worst mistakes");
  again.addEventListener("click", worst);
  section.append(
    makeElement("p", { class: "lead" }, `All ${wholeNumber(facts.test.images)} test images: a row `
      + "for what is on them, a column for what the network answered. On the diagonal it is right; "
      + "the redder another field, the more are mistaken so. Press one to see its images."),
    makeElement("div", { class: "mistakes-columns" },
      makeElement("div", { class: "confusion-box" }, table, again),
      makeElement("div", { class: "mistakes-images" }, gallery.element,
        makeWhy(net, judged, images))));
  worst();
}
