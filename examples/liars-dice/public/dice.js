// Dice, drawn.

const SVG = "http://www.w3.org/2000/svg";

/** Where the pips of each face are, on a grid from 0 to 2. */
const PIPS = [
  [],
  ["11"],
  ["00", "22"],
  ["00", "11", "22"],
  ["00", "02", "20", "22"],
  ["00", "02", "11", "20", "22"],
  ["00", "01", "02", "20", "21", "22"],
];

export const FACES = [1, 2, 3, 4, 5, 6];

/**
 * A die that shows a face; with 0, one that shows none.
 *
 * @param {number} face
 * @param {string} [className]
 */
export function die(face, className = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 40 40");
  svg.setAttribute("class", `die ${className}`);
  if (face > 0) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${face}`);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  svg.append(shape("rect", { x: 1, y: 1, width: 38, height: 38, rx: 9 }));
  for (const [column, row] of PIPS[face] ?? []) {
    const [cx, cy] = [column, row].map((at) => 10 + 10 * Number(at));
    svg.append(shape("circle", { cx, cy, r: 3.6 }));
  }
  return svg;
}

/**
 * @param {string} name
 * @param {Record<string, number | undefined>} attributes
 */
function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, `${value}`);
  return made;
}
