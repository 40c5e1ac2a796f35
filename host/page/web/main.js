// SPDX-License-Identifier: MIT
// Fills the page, part by part, once all of its scripts are read.

// A whole number: 10,000.
function wholeNumber(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

function percent(share, digits = 2) {
  return (100 * share).toFixed(digits) + "\u202f%";
}

// With a true minus sign, and a plus where it is asked for.
function signed(value, digits = 2, plus = true) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? "\u2212" + text : (plus ? "+" : "") + text;
}

// makeElement("p", {class: "note"}, "text", child…)
function makeElement(name, attributes = {}, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? "" : value);
    }
  }
  element.append(...content);
  return element;
}

function fillHeader(facts) {
  const fill = (id, text, value) => {
    const element = document.getElementById(id);
    element.textContent = text;
    element.dataset.value = value;
  };
  fill("hidden", wholeNumber(facts.hidden), facts.hidden);
  fill("shape", `784 – ${facts.hidden} – 10`, facts.hidden);
  fill("recipe", facts.recipe, facts.recipe);
  fill("test-count", wholeNumber(facts.test.images), facts.test.images);
  fill("accuracy", percent(facts.test.accuracy), facts.test.accuracy);
  if (facts.left_out.length) {
    const note = document.getElementById("left-out");
    note.hidden = false;
    note.textContent = facts.left_out.join(" ");
  }
}

// The name of the part that is being read is marked in the contents.
function markContents() {
  const links = document.querySelectorAll("#contents a");
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((e) => e.isIntersecting)) {
      for (const link of links) {
        if (link.dataset.part === entry.target.id) {
          link.setAttribute("aria-current", "true");
        } else {
          link.removeAttribute("aria-current");
        }
      }
    }
  }, { rootMargin: "-30% 0px -65% 0px" });
  document.querySelectorAll(".part").forEach((part) => seen.observe(part));
}

// Of each section who fills it. A section that nobody fills is not shown.
function partsOfPage() {
  return {
    film: typeof initFilm === "function" ? initFilm : null,
    neurons: typeof initNeurons === "function" ? initNeurons : null,
    draw: typeof initDraw === "function" ? initDraw : null,
    mistakes: typeof initMistakes === "function" ? initMistakes : null,
    proof: typeof initProof === "function" ? initProof : null,
    made: typeof initMade === "function" ? initMade : null,
  };
}

// Going to a part keeps what is chosen in the URL.
function listenToContents() {
  document.getElementById("contents").addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link) {
      event.preventDefault();
      const part = document.getElementById(link.dataset.part);
      part.scrollIntoView();
      part.tabIndex = -1;
      part.focus({ preventScroll: true });
    }
  });
}

// Sections are shown when all of them have their data, so that nothing moves then.
async function startPage() {
  const facts = readFacts();
  fillHeader(facts);
  const filled = [];
  for (const [id, fill] of Object.entries(partsOfPage())) {
    const section = document.getElementById(id);
    const empty = !fill || (id === "film" && facts.kind !== "learn");
    section.hidden = document.querySelector(`#contents [data-part="${id}"]`).hidden = empty;
    if (!empty) {
      filled.push(fill(section, facts));
    }
  }
  document.getElementById("top").append(makeStory());
  filled.push(startStory(facts));
  initTour();
  listenToContents();
  const outcomes = await Promise.allSettled(filled);
  document.getElementById("page").dataset.built = "";
  const failed = outcomes.find(({ status }) => status === "rejected");
  if (failed) {
    throw failed.reason;
  }
  markContents();
  readHash();
  const net = await theNetwork(facts);
  if (chosen.neuron === null || chosen.neuron >= net.hidden) {
    choose("neuron", strongestSpeaker(net));
  }
  addEventListener("hashchange", readHash);
  document.body.dataset.ready = "";
}

startPage();
