// SPDX-License-Identifier: MIT
// What the network answers to the pad, and why: outputs, activations as light, the neurons that voted
// most, and the sum of the neuron that is chosen.

const VOTES_FOR = 5;
const VOTES_AGAINST = 3;

const reply = { net: null, grid: null, ink: null, answer: null };

function makeAnswer() {
  return makeElement("div", { class: "answer-side" },
    makeElement("div", { class: "row answer-head" },
      makeElement("div", {}, makeElement("h3", {}, "What it gets"),
        makeElement("canvas", { id: "seen", role: "img", "aria-label": "The 28 by 28 pixels that the network gets" })),
      makeElement("div", {}, makeElement("h3", {}, "Its answer"),
        makeElement("p", { id: "answer", "aria-live": "polite" }, "–"))),
    makeBars("outputs", "The ten outputs"),
    makeElement("p", { class: "note" }, "Each output says, from 0 to 1 and apart from the others, how much it "
      + "looks like that class. The largest is the answer."));
}

function makeVotes() {
  return makeElement("div", { class: "card" }, makeElement("h3", { id: "votes-title" }, "Who voted most"),
    makeElement("p", { class: "note" }, "A vote is how active a neuron is, times its weight to that output. "
      + "Press one to open it."),
    makeElement("ol", { id: "votes", class: "votes" }),
    makeElement("p", { id: "votes-sum", class: "note number-wrap" }));
}

function makeSum() {
  const picture = (id, title) => makeElement("figure", {}, makeElement("canvas", { id, role: "img", "aria-label": title }),
    makeElement("figcaption", { class: "note" }, title));
  return makeElement("div", { id: "sum", class: "card" },
    makeElement("h3", { id: "sum-title" }, "The sum of one neuron"),
    makeElement("div", { class: "product" }, picture("sum-ink", "ink"), makeElement("span", { "aria-hidden": "true" }, "×"),
      picture("sum-weights", "weights"), makeElement("span", { "aria-hidden": "true" }, "="),
      picture("sum-parts", "adds up to Σ")),
    makeElement("p", { id: "sum-words", class: "number-wrap" }),
    makeElement("p", { class: "note" }, "The last picture shows what each pixel of ink adds (orange) or takes "
      + "(blue). The empty sheet counts, too: the network sees a pixel as how much darker or lighter it is than "
      + "the average of all pictures."));
}

// For facts.grid; the same places as the grid of weights has.
function makeLights(facts) {
  reply.grid = new NeuronGrid({
    id: "light-grid", label: "How active each neuron is; arrow keys choose one", grid: facts.grid, side: 1,
    describe: (neuron) => `Neuron ${neuron}, activation ${reply.answer?.activations[neuron].toFixed(3)}`,
    paint: (canvas, places, measure) => {
      if (reply.answer) {
        paintLights(canvas, reply.answer.activations, places, facts.grid, measure);
      }
    },
    preview: showLens,
  });
  return makeElement("div", { class: "light-side" }, makeElement("h3", {}, "How active each neuron is"),
    makeElement("div", { class: "lamp" }, reply.grid.element),
    makeElement("p", { class: "note" }, "Dark is 0, bright is 1; the places are those of the grid above."));
}

async function initDraw(section, facts) {
  section.append(
    makeElement("p", { class: "lead" }, "Draw a digit with a mouse, a finger or the keyboard. The network "
      + "answers while you draw, and shows how it came to its answer: ink goes in on the left, neurons light "
      + "up, and they vote for one of the ten outputs."),
    makeElement("div", { class: "drawing card" }, makePad(facts), makeAnswer(), makeLights(facts)),
    makeElement("div", { class: "reasons" }, makeVotes(), makeSum()));
  reply.grid.fit();
  reply.net = await theNetwork(facts);
  reply.grid.setPlaces(placesOf(ORDERS.film.make(reply.net), facts.grid, true));
  document.addEventListener("reordered", (event) => reply.grid.setPlaces(event.detail));
  onChosen("neuron", (neuron) => {
    reply.grid.show(neuron);
    showSum();
  });
  await startPad();
}

function answerInk(ink) {
  reply.ink = ink;
  reply.answer = answerTo(reply.net, ink);
  showAnswer();
  showVotes();
  showSum();
  reply.grid.draw();
}

function showAnswer() {
  const { outputs, outputSums } = reply.answer;
  const winner = largestOf(outputSums);
  const element = document.getElementById("answer");
  paintInk(document.getElementById("seen"), reply.ink);
  document.querySelectorAll("#outputs .bar").forEach((bar, o) => {
    setBar(bar, outputs[o], 1, outputs[o].toFixed(3), false);
    bar.classList.toggle("winner", o === winner);
  });
  if (reply.ink.some((p) => p !== 0)) {
    element.textContent = winner;
    element.dataset.class = winner;
  } else {
    element.textContent = "–";
    delete element.dataset.class;
  }
}

// The neurons that add most to the sum of the answer, and those that take most.
function showVotes() {
  const { net, answer } = reply;
  const winner = largestOf(answer.outputSums);
  const votes = answer.activations.map((a, j) => a * net.w2[CLASSES * (j + 1) + winner]);
  const most = largestIndices(votes, VOTES_FOR);
  const least = largestIndices(votes.map((v) => -v), VOTES_AGAINST).reverse();
  const shown = [...new Set([...most, ...least])];
  const widest = Math.max(...shown.map((j) => Math.abs(votes[j])));
  document.getElementById("votes-title").textContent = `Who voted most, for and against ${winner}`;
  const list = document.getElementById("votes");
  while (list.children.length < shown.length) {
    list.append(makeVote());
  }
  const digits = widest < 0.3 ? 3 : 2;
  shown.forEach((j, i) => {
    const weight = net.w2[CLASSES * (j + 1) + winner];
    fillVote(list.children[i], j, votes[j], widest,
      `${answer.activations[j].toFixed(2)} × ${signed(weight, digits)} = ${signed(votes[j], digits)}`);
  });
  const bias = net.w2[winner];
  const sum = answer.outputSums[winner];
  document.getElementById("votes-sum").textContent = `All ${wholeNumber(net.hidden)} votes ${signed(sum - bias, 3)}, `
    + `bias ${signed(bias, 3)}, together ${signed(sum, 3)}: σ(${signed(sum, 3, false)}) = `
    + `${answer.outputs[winner].toFixed(3)}, the output for ${winner}.`;
}

function makeVote() {
  const vote = makeElement("button", { class: "bar" }, makeElement("canvas", { "aria-hidden": "true" }),
    makeElement("span", { class: "who" }),
    makeElement("span", { class: "track", "aria-hidden": "true" }, makeElement("span", { class: "fill" })),
    makeElement("span", { class: "number" }));
  const item = makeElement("li", { class: "vote" }, vote);
  vote.addEventListener("click", () => choose("neuron", Number(item.dataset.neuron)));
  return item;
}

function fillVote(item, neuron, value, widest, text) {
  if (item.dataset.neuron !== String(neuron) || item.palette !== palette) {
    paintWeights(item.querySelector("canvas"), incomingOf(reply.net, neuron));
    item.palette = palette;
  }
  item.dataset.neuron = neuron;
  item.dataset.value = value;
  item.querySelector(".who").textContent = `neuron ${neuron}`;
  setBar(item.firstChild, value, widest, text, true);
}

// Pixel by pixel, what the sum of the chosen neuron is made of.
function showSum() {
  const neuron = chosen.neuron;
  if (neuron === null || neuron >= reply.net.hidden || !reply.ink) {
    return;
  }
  const { ink, inkSum, paper, bias, total } = partsOfSum(reply.net, neuron, reply.ink);
  const activation = sigmoid(total);
  paintInk(document.getElementById("sum-ink"), reply.ink);
  paintWeights(document.getElementById("sum-weights"), incomingOf(reply.net, neuron));
  paintWeights(document.getElementById("sum-parts"), ink);
  document.getElementById("sum-title").textContent = `The sum of neuron ${neuron}`;
  document.getElementById("sum-words").replaceChildren("Σ = ", bold(inkSum), ", empty sheet ", bold(paper),
    ", bias ", bold(bias), ", together ", bold(total), `: σ(${signed(total, 3, false)}) = `,
    makeElement("b", {}, activation.toFixed(3)), ", its activation.");
  Object.assign(document.getElementById("sum").dataset,
    { neuron, ink: inkSum, paper, bias, total, activation });
}

function bold(value) {
  return makeElement("b", {}, signed(value, 3));
}
