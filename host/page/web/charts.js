// SPDX-License-Identifier: MIT
// The charts on the page, and the cursor in all of them, which goes where the film goes.

// Which batch is looked at, and who draws it: the film, where there is one.
function makeCursor(facts) {
  const cursor = { batch: facts.batches, places: [] };
  cursor.move = (batch) => {
    cursor.batch = Math.min(Math.max(Math.round(batch), 1), facts.batches);
    cursor.places.forEach((place) => place());
  };
  const follow = (frame) => cursor.move(batchOfFrame(frame));
  if (film) {
    onChosen("frame", follow);
  }
  cursor.point = (batch) => {
    cursor.move(batch);
    if (film) {
      choose("frame", frameOfBatch(cursor.batch), follow);
    }
  };
  return cursor;
}

// Moves along the curve point at batches; while the film plays, only a press does.
function listenToPointer(box, chart, cursor) {
  const point = (event) => {
    const x = event.clientX - box.getBoundingClientRect().left;
    cursor.point(chart().scales.x.getValueForPixel(x));
  };
  box.addEventListener("pointerdown", point);
  box.addEventListener("pointermove", (event) => {
    if (event.buttons || (event.pointerType === "mouse" && !filmPlays())) {
      point(event);
    }
  });
}

function makeChart(facts, plan, cursor) {
  const canvas = makeElement("canvas", { role: "img", "aria-label":
    `${plan.title} while it trained. ${plan.lead} The numbers are in the table below.` });
  const line = makeElement("div", { class: "curve-cursor" });
  const box = makeElement("div", { class: "curve-box" }, canvas, line);
  const told = makeElement("output", { class: "note number curve-told" });
  let chart = null;
  const place = () => {
    if (!chart?.chartArea) {
      return;
    }
    const { top, bottom } = chart.chartArea;
    line.style.transform = `translate(${chart.scales.x.getPixelForValue(cursor.batch)}px, ${top}px)`;
    line.style.height = `${bottom - top}px`;
    line.dataset.batch = cursor.batch;
    told.textContent = plan.at(cursor.batch);
  };
  const placed = { id: "placed", afterDraw: (drawn) => { chart = drawn; place(); } };
  const draw = () => {
    chart?.destroy();
    const colour = themeColours();
    chart = new Chart(canvas, { type: "line", data: { datasets: plan.curves(colour) },
      options: curveOptions(facts, colour, plan.y), plugins: [placed, ...plan.plugins ?? []] });
  };
  cursor.places.push(place);
  listenToPointer(box, () => chart, cursor);
  return { draw, figure: makeElement("figure", { id: plan.id, class: "curve" },
    makeElement("figcaption", {}, makeElement("h3", {}, plan.title),
      makeElement("p", { class: "note" }, plan.lead)), curveKey(plan), box, told) };
}

// Which line is which, where there is more than one and the ends say nothing.
function curveKey(plan) {
  const curves = plan.plugins ? [] : plan.curves((name) => `var(--${name})`);
  return makeElement("p", { class: "note curve-key" }, ...curves.map((one) =>
    makeElement("span", { style: `--curve: ${one.borderColor}` }, one.label)));
}

function epochTable(facts) {
  const head = ["epoch", "training loss", "validation loss", "accuracy",
    ...TEN_CLASSES.map((digit) => `of ${digit}`)];
  const cells = (e) => [e.epoch, e.train_loss?.toFixed(4) ?? "–",
    e.validation.loss?.toFixed(4) ?? "–", percent(e.validation.accuracy),
    ...e.validation.confusion.map((row, digit) => percent(shareOfDigit(e.validation, digit), 1))];
  const row = (kind, values) => makeElement("tr", {}, ...values.map((value) =>
    makeElement(kind, kind === "th" ? { scope: "col" } : {}, String(value))));
  return makeElement("details", { id: "epoch-table" },
    makeElement("summary", {}, "The numbers of each epoch"),
    makeElement("div", { class: "wide", tabindex: 0, role: "region",
      "aria-label": "Numbers of each epoch" },
    makeElement("table", {}, makeElement("thead", {}, row("th", head)),
      makeElement("tbody", {}, ...facts.epochs.map((e) => row("td", cells(e)))))));
}

async function makeCurves(facts) {
  const losses = hasArray("batch_losses") ? await arrayOf("batch_losses") : null;
  const cursor = makeCursor(facts);
  const charts = curvePlans(facts, losses).map((plan) => makeChart(facts, plan, cursor));
  const curves = makeElement("div", { class: "curves" }, ...charts.map((chart) => chart.figure),
    epochTable(facts));
  const draw = () => charts.forEach((chart) => chart.draw());
  // Chart.js measures what a canvas lies in, so that has to be on the page.
  requestAnimationFrame(draw);
  onColours(draw);
  return curves;
}
