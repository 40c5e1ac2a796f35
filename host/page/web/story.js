// SPDX-License-Identifier: MIT
// The small picture beside the title: one digit goes in, neurons light up, one output wins.

const STORY_NEURONS = 16;
const STORY_IMAGE = 0;

function makeStory() {
  const arrow = () => makeElement("span", { class: "arrow" }, "→");
  const digits = makeElement("span", { class: "story-digits" });
  for (let o = 0; o < CLASSES; o++) {
    digits.append(makeElement("span", {}, o));
  }
  const tiles = makeElement("span", { class: "story-tiles" });
  for (let i = 0; i < STORY_NEURONS; i++) {
    tiles.append(makeElement("canvas"));
  }
  return makeElement("div", { id: "story", role: "img",
    "aria-label": "A digit goes in, neurons are active or not, one of ten outputs wins" },
  makeElement("canvas", { id: "story-ink" }), arrow(), tiles, arrow(), digits);
}

// The neurons that add most to the answer, or take most from it, each as bright as it is active.
async function startStory(facts) {
  const [net, images] = await Promise.all([theNetwork(facts), arrayOf("test_images")]);
  const ink = imageAt(images, STORY_IMAGE);
  const { activations, outputs } = answerTo(net, ink);
  const winner = largestOf(outputs);
  const strengths = activations.map((_, j) => Math.abs(outgoingOf(net, j)[winner]));
  const neurons = largestIndices(strengths, STORY_NEURONS);
  const paint = () => {
    paintInk(document.getElementById("story-ink"), ink);
    document.querySelectorAll(".story-tiles canvas").forEach((canvas, i) => {
      canvas.hidden = i >= neurons.length;
      if (!canvas.hidden) {
        paintWeights(canvas, incomingOf(net, neurons[i]));
        canvas.style.opacity = 0.2 + 0.8 * activations[neurons[i]];
      }
    });
  };
  paint();
  onColours(paint);
  document.querySelectorAll(".story-digits span").forEach((digit, o) => {
    digit.classList.toggle("winner", o === winner);
  });
}
