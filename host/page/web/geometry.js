// SPDX-License-Identifier: MIT
// Where in a picture of the film a neuron's tile lies.

// Neurons go down the first column, then the second.
function filmGeometry(facts) {
  const { rows, columns, scale } = facts.grid;
  const size = 28 * scale;
  return {
    // In pixels of the film.
    tileOf(neuron) {
      return { x: Math.floor(neuron / rows) * size, y: neuron % rows * size, size };
    },
    // The neuron at a pixel of the film; null: there is none.
    neuronAt(x, y) {
      const column = Math.floor(x / size);
      const row = Math.floor(y / size);
      const neuron = column * rows + row;
      const inside = column >= 0 && column < columns && row >= 0 && row < rows;
      return inside && neuron < facts.hidden ? neuron : null;
    },
  };
}
