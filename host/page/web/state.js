// SPDX-License-Identifier: MIT
// What is chosen: a neuron, an image, a frame. It is in the URL's hash, and parts of the page are
// told when it changes.

const chosen = { neuron: null, image: null, frame: null };
const listeners = { neuron: [], image: [], frame: [] };

function onChosen(what, tell) {
  listeners[what].push(tell);
}

// Browsers count how often a page writes its address, and a film chooses seventy frames a second.
const HASH_PAUSE = 400;
let hashTimer = null;

function writeHashSoon() {
  hashTimer ??= setTimeout(writeHash, HASH_PAUSE);
}

function writeHash() {
  hashTimer = null;
  const hash = new URLSearchParams();
  for (const what of Object.keys(chosen)) {
    if (chosen[what] !== null) {
      hash.set(what, chosen[what]);
    }
  }
  history.replaceState(null, "", "#" + hash);
}

// Tells everyone but whoever is the source of the change.
function choose(what, value, source) {
  if (chosen[what] === value) {
    return;
  }
  chosen[what] = value;
  writeHashSoon();
  for (const tell of listeners[what]) {
    if (tell !== source) {
      tell(value);
    }
  }
}

// What the URL says, number by number: what is none is left alone.
function readHash() {
  const hash = new URLSearchParams(location.hash.slice(1));
  for (const what of Object.keys(chosen)) {
    if (/^\d+$/.test(hash.get(what) ?? "")) {
      choose(what, Number(hash.get(what)));
    }
  }
}
