// SPDX-License-Identifier: MIT
// What the program wrote into the page: facts as JSON, and packed arrays (host/page/page.h).

const TYPES = { u8: Uint8Array, i8: Int8Array, u32: Uint32Array, f32: Float32Array };

function readFacts() {
  return JSON.parse(document.getElementById("facts").textContent);
}

function hasArray(id) {
  return document.getElementById(id) !== null;
}

// Base64, without a string of the whole: atob of a portion at a time.
function bytesOfText(text) {
  const portion = 1 << 16; // a multiple of four
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array(text.length / 4 * 3 - padding);
  for (let from = 0, to = 0; from < text.length; from += portion) {
    const piece = atob(text.slice(from, from + portion));
    for (let i = 0; i < piece.length; i++) {
      bytes[to++] = piece.charCodeAt(i);
    }
  }
  return bytes;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Elements of planes: the lowest byte of each, then the next of each, and so on.
function joinPlanes(planes, size) {
  if (size === 1) {
    return planes;
  }
  const count = planes.length / size;
  const joined = new Uint8Array(planes.length);
  for (let byte = 0; byte < size; byte++) {
    for (let i = 0, at = byte; i < count; i++, at += size) {
      joined[at] = planes[byte * count + i];
    }
  }
  return joined;
}

// The array with that id, as a typed array. Its text is dropped: the bytes are needed once.
async function readArray(id) {
  const element = document.getElementById(id);
  const type = TYPES[element.dataset.type];
  let bytes = bytesOfText(element.textContent);
  element.textContent = "";
  if (element.dataset.pack === "deflate") {
    bytes = joinPlanes(await inflate(bytes), type.BYTES_PER_ELEMENT);
  }
  return new type(bytes.buffer);
}

// Arrays that several parts of the page use: each is unpacked once, when first asked for.
const unpacked = new Map();

function arrayOf(id) {
  if (!unpacked.has(id)) {
    unpacked.set(id, readArray(id));
  }
  return unpacked.get(id);
}
