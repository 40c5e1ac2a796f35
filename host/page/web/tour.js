// SPDX-License-Identifier: MIT
// The tour: a card that goes from one thing to the next and says in plain words what it is. It stands
// beside the page, which stays usable.

// A step is left out where the page has nothing of that name.
const TOUR = [
  ["#top", "A network is a lot of small sums", "This one was made to tell handwritten digits apart. Nobody told it "
    + "what a 3 looks like: it saw tens of thousands of pictures and changed its numbers a little after each few."],
  ["#film", "How it learned", "This film shows all hidden neurons while they learn. At first they are noise; "
    + "soon strokes and loops appear. The curves show how often it was wrong at each moment."],
  ["#neuron-grid", "The hidden neurons", "Each tile is one neuron. It holds a weight for each of the 784 pixels: "
    + "where the tile is orange, ink excites it; where it is blue, ink quiets it."],
  ["#neuron .looks", "One neuron", "On the left what it looks for. On the right what it says: when it is active, it "
    + "pulls some of the ten outputs up and pushes others down."],
  ["#excite", "What excites it", "These pictures make it most active. Compare them with its tile: they have ink where "
    + "it is orange, and none where it is blue."],
  ["#neuron .without", "Without it", "Most networks do not need each single neuron. Here you see how many answers "
    + "would change if this one were gone."],
  ["#pad", "Your turn", "Draw a digit here, with mouse, finger or keyboard. You need not hurry: the network answers "
    + "while you draw."],
  ["#outputs", "Its answer", "Ten outputs, one for each digit. The largest wins. If two are close, the network is "
    + "in doubt."],
  ["#light-grid", "Neurons light up", "Bright neurons found what they look for in your drawing. Their light goes on "
    + "to the ten outputs as votes."],
  ["#votes", "Who decided", "These neurons added most to the winner, or took most from it. Press one, and the picture "
    + "beside it shows, pixel by pixel, why it was active."],
  ["#mistakes", "Where it is wrong", "Rows are what was written, columns what the network read. Press a cell to see "
    + "the pictures, and judge whether you would have known better."],
  ["#proof", "You need not believe it", "Your browser can do all of the network's sums again and compare each of them "
    + "with the program's, to the last bit."],
];

const tour = { card: null, steps: [], at: 0, back: null, spot: null };

function makeTourCard() {
  const button = (id, text, act, look) => {
    const made = makeElement("button", { id, class: look }, text);
    made.addEventListener("click", act);
    return made;
  };
  tour.card = makeElement("div", { id: "tour", role: "dialog", "aria-labelledby": "tour-title", hidden: true },
    makeElement("p", { id: "tour-count", class: "note" }), makeElement("div", { "aria-live": "polite" }, makeElement("h2", { id: "tour-title" }),
      makeElement("p", { id: "tour-text" })),
    makeElement("div", { class: "row" }, button("tour-back", "Back", () => goTour(tour.at - 1)),
      button("tour-next", "Next", () => goTour(tour.at + 1), "strong"), button("tour-close", "Close", endTour)));
  document.body.append(tour.card);
}

function startTour() {
  tour.steps = TOUR.filter(([where]) => {
    const element = document.querySelector(where);
    return element && element.getClientRects().length > 0;
  });
  tour.back = document.activeElement;
  tour.card.hidden = false;
  goTour(0);
  document.getElementById("tour-next").focus({ preventScroll: true });
}

function goTour(at) {
  if (at >= tour.steps.length) {
    endTour();
    return;
  }
  tour.at = Math.max(0, at);
  const [where, title, text] = tour.steps[tour.at];
  const write = (id, words) => { document.getElementById(id).textContent = words; };
  write("tour-count", `${tour.at + 1} of ${tour.steps.length}`);
  write("tour-title", title);
  write("tour-text", text);
  write("tour-next", tour.at + 1 === tour.steps.length ? "Done" : "Next");
  document.getElementById("tour-back").disabled = tour.at === 0;
  light(document.querySelector(where));
}

// Frames what is talked about, and brings it into view, above the card where that is below.
function light(element) {
  tour.spot?.classList.remove("spot");
  tour.spot = element;
  if (element) {
    element.classList.add("spot");
    // What stands in the middle must not lie behind the card.
    const card = tour.card.getBoundingClientRect();
    const { height, right } = element.getBoundingClientRect();
    const large = height / 2 > (right < card.left ? innerHeight / 2 : card.top - innerHeight / 2) - 16;
    element.scrollIntoView({ block: large ? "start" : "center" });
  }
}

function endTour() {
  tour.card.hidden = true;
  light(null);
  tour.back?.focus({ preventScroll: true });
}

function initTour() {
  makeTourCard();
  document.getElementById("tour-start").addEventListener("click", startTour);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches?.("input, select, canvas, [role=listbox]");
    if (tour.card.hidden || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    if (event.key === "Escape") {
      endTour();
    } else if (!typing && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      event.preventDefault();
      goTour(tour.at + (event.key === "ArrowRight" ? 1 : -1));
    }
  });
}
