// SPDX-License-Identifier: MIT
// Where in a picture of the film a neuron's tile lies.

// Neurons go down the first column, then the second; a film may show only the first of them.
function filmGeometry(facts) {
  const { tiles, rows, columns, tile, pitch, left, top } = facts.film.grid;
  return {
    // How many neurons it shows.
    tiles,
    // In pixels of the film.
    tileOf(neuron) {
      return { x: left + Math.floor(neuron / rows) * pitch, y: top + neuron % rows * pitch, size: tile };
    },
    // The neuron at a pixel of the film, the gap behind it included; null: there is none.
    neuronAt(x, y) {
      const column = Math.floor((x - left) / pitch);
      const row = Math.floor((y - top) / pitch);
      const neuron = column * rows + row;
      const inside = column >= 0 && column < columns && row >= 0 && row < rows;
      return inside && neuron < tiles ? neuron : null;
    },
  };
}
