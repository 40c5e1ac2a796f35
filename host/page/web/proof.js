// SPDX-License-Identifier: MIT
// The proof: workers compute all test images once more (worker.js), and compare with what the
// program computed.

const PROOF_PORTION = 250; // images at a time: progress is seen, and a stop is soon
const MOST_WORKERS = 8;

function makeWorker() {
  const code = document.getElementById("worker-code").textContent;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  return worker;
}

// Everything that is compared, as a worker is sent it.
async function proofMaterial(facts) {
  const [w1, w2, pixels, sums, outputs] =
    await Promise.all(["w1", "w2", "test_images", "test_sums", "test_outputs"].map(arrayOf));
  const { scale, shift } = facts.normalisation;
  return { network: { hidden: facts.hidden, w1, w2, scale, shift }, pixels, sums, outputs,
    images: facts.test.images };
}

// The portion that begins at the image `first`.
function proofPortion(material, first) {
  const end = Math.min(first + PROOF_PORTION, material.images);
  return { first, pixels: material.pixels.slice(784 * first, 784 * end),
    sums: material.sums.slice(10 * first, 10 * end),
    outputs: material.outputs.slice(10 * first, 10 * end) };
}

// Shares the images among workers. `told` hears of {done, equal, first}: of so many images so many
// are equal, and which is the first that is not, or null. {promise, stop}
function startProof(material, told) {
  const count = Math.min(navigator.hardwareConcurrency || 2, MOST_WORKERS,
    Math.ceil(material.images / PROOF_PORTION));
  const workers = Array.from({ length: count }, makeWorker);
  const stop = () => workers.forEach((worker) => worker.terminate());
  const state = { done: 0, equal: 0, first: null };
  let next = 0;
  const send = (worker) => {
    if (next < material.images) {
      worker.postMessage(proofPortion(material, next));
      next += PROOF_PORTION;
    }
  };
  const promise = new Promise((over, failed) => {
    for (const worker of workers) {
      worker.onerror = (event) => failed(new Error(event.message));
      worker.onmessage = ({ data }) => {
        state.done += data.count;
        state.equal += data.count - data.differing.length;
        if (data.differing.length) {
          state.first = Math.min(state.first ?? Infinity, data.first + data.differing[0]);
        }
        told(state);
        send(worker);
        if (state.done === material.images) {
          over(state);
        }
      };
      worker.postMessage({ network: material.network });
      send(worker);
    }
  });
  return { promise: promise.finally(stop), stop };
}

// ---- what is seen of it ----

function proofSentence(state, images, seconds) {
  const equal = `${wholeNumber(state.equal)} of ${wholeNumber(images)} equal`;
  if (state.first === null) {
    return `${equal}, bit for bit, in ${seconds.toFixed(1)} seconds.`;
  }
  return `${equal}; ${wholeNumber(images - state.equal)} differ, the first is image ${state.first}. `
    + "That is so where the device computed in an order or with an arithmetic of its own, or where "
    + "this page was changed.";
}

async function runProof(facts, c) {
  const began = performance.now();
  c.start.disabled = true;
  c.stop.hidden = c.bar.hidden = false;
  c.result.className = "";
  c.result.textContent = "Computing …";
  c.result.dataset.state = "running";
  const end = (state, text, more = {}) => {
    c.start.disabled = false;
    c.stop.hidden = c.bar.hidden = true;
    c.result.textContent = text;
    Object.assign(c.result.dataset, { ...more, state });
  };
  const proof = startProof(await proofMaterial(facts), (state) => { c.bar.value = state.done; });
  c.stop.onclick = () => {
    proof.stop();
    end("stopped", "Stopped.");
    c.start.focus();
  };
  try {
    const state = await proof.promise;
    const seconds = (performance.now() - began) / 1000;
    c.result.classList.add(state.first === null ? "good" : "bad");
    end("over", proofSentence(state, facts.test.images, seconds), { equal: state.equal });
  } catch (error) {
    end("failed", `It could not be computed here: ${error.message}`);
  }
}

function initProof(section, facts) {
  const images = wholeNumber(facts.test.images);
  section.append(makeElement("p", { class: "lead" },
    "Do you have to believe the program? No: your browser can do its sums once more, each in the same "
    + "order and rounded at the same places, and then not one bit of any of the ten outputs may differ."));
  if (!hasArray("w1")) {
    section.append(makeElement("p", { id: "proof-impossible" },
      "On this page it cannot: there are so many weights that they had to be rounded for it, and of "
      + "rounded weights other bits come. The file of the weights has them whole."));
    return;
  }
  const c = {
    start: makeElement("button", { id: "proof-start", class: "strong" }, `Compute all ${images} again`),
    stop: makeElement("button", { id: "proof-stop", hidden: true }, "Stop"),
    bar: makeElement("progress", { id: "proof-bar", max: facts.test.images, value: 0, hidden: true,
      "aria-label": "Images that are compared" }),
    result: makeElement("p", { id: "proof-result", role: "status" }),
  };
  c.start.addEventListener("click", () => runProof(facts, c));
  section.append(makeElement("div", { class: "card" },
    makeElement("div", { class: "row" }, c.start, c.stop, c.bar), c.result));
}
