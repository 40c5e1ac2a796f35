// SPDX-License-Identifier: MIT
// The film: which batch a frame shows, and tiles of single neurons out of it. player.js shows it.
//
// Frames are counted from 0, as in the URL; batches from 1, and so are frames where people read.

// What there is of a film once it is unpacked; null: the page has none.
let film = null;

// Pictures of the film are needed in two places at once: the player's, and tiles of other moments.
async function openFilm(facts) {
  const bytes = await readArray("film_file");
  const url = URL.createObjectURL(new Blob([bytes], { type: facts.film.type }));
  film = { url, ...facts.film, batches: await arrayOf("frame_batches"),
    geometry: filmGeometry(facts), inTurn: makeQueue(), second: null };
}

function batchOfFrame(frame) {
  return film.batches[Math.min(Math.max(frame, 0), film.frames - 1)];
}

// The first frame that shows that batch or a later one.
function frameOfBatch(batch) {
  let low = 0;
  let high = film.frames - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (film.batches[middle] < batch) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  // Of this one and the one before, the nearer.
  const before = low > 0 && batch - film.batches[low - 1] < film.batches[low] - batch;
  return before ? low - 1 : low;
}

async function openSecondVideo() {
  const video = makeElement("video", { class: "film-second", "aria-hidden": "true", tabindex: -1 });
  document.getElementById("film").append(video);
  await loadVideo(video, film.url);
  return video;
}

// Whether there is a film with that neuron in it.
function filmShows(neuron) {
  return film !== null && neuron < film.geometry.tiles;
}

// A canvas with the tile of that neuron as the frame shows it. A promise; null: there is no film, or
// none that this browser plays.
async function filmTileAt(frame, neuron) {
  if (!filmShows(neuron)) {
    return null;
  }
  const draw = async () => {
    film.second ??= await openSecondVideo();
    await seekFrame(film.second, frame, film.fps);
    const { x, y, size } = film.geometry.tileOf(neuron);
    const canvas = makeElement("canvas", { width: size, height: size });
    canvas.getContext("2d").drawImage(film.second, x, y, size, size, 0, 0, size, size);
    return canvas;
  };
  return film.inTurn(draw).catch(() => null);
}

async function initFilm(section, facts) {
  section.append(makeElement("p", { class: "lead" }, facts.film
    ? "Each square is a hidden neuron: how it weighs the pixels of the picture it looks at. The film "
      + `shows ${facts.film.grid.tiles < facts.hidden ? `the first ${facts.film.grid.tiles}` : "all"} `
      + "of them while the network trains. The curves beside it tell how good it was by then; move "
      + "along them, and the film goes there."
    : "This page was made without a film. The curves tell how good the network was while it "
      + "trained."));
  const columns = makeElement("div", { class: facts.film ? "film-columns" : "" });
  section.append(columns);
  if (facts.film) {
    await openFilm(facts);
    columns.append(makePlayer(facts));
  }
  columns.append(await makeCurves(facts));
}
