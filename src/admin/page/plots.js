// deno-lint-ignore-file no-unused-vars -- page.js, which follows in the same script, calls these
// Plots of the last 15 minutes, drawn as SVG. One list entry is one step of ten seconds.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 136;
const LEFT = 44;
const RIGHT = 6;
const TOP = 8;
const BOTTOM = 20;

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** The next round number: 1, 2, 5, 10, 20 … */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((factor) => factor * power >= value) * power;
}

/** Clears a plot, draws its axes, and returns its coordinates. */
function frame(svg, lists, least, label) {
  const width = svg.clientWidth;
  const top = roundUp(Math.max(least, ...lists.flat().filter((value) => value !== null)));
  const count = lists[0].length;
  const plot = {
    svg,
    step: (width - LEFT - RIGHT) / count,
    x: (index) => LEFT + (index + 0.5) * ((width - LEFT - RIGHT) / count),
    y: (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM),
  };
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.replaceChildren();
  for (const value of [0, top / 2, top]) {
    const y = plot.y(value);
    svg.append(element("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }));
    if (value === 0 || label(value) === label(0)) continue;
    svg.append(element("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, label(value)));
  }
  for (const [minutes, anchor] of [[15, "start"], [10, "middle"], [5, "middle"], [0, "end"]]) {
    const x = LEFT + (1 - minutes / 15) * (width - LEFT - RIGHT);
    const text = minutes === 0 ? "now" : `−${minutes} min`;
    svg.append(element("text", { x, y: HEIGHT - 4, "text-anchor": anchor }, text));
  }
  return plot;
}

function bars(plot, values, kind) {
  const floor = plot.y(0);
  values.forEach((value, index) => {
    if (value === 0) return;
    const y = plot.y(value);
    const x = plot.x(index) - plot.step * 0.4;
    const box = { x, y, width: Math.max(1, plot.step * 0.8), height: floor - y };
    plot.svg.append(element("rect", { class: `bar ${kind}`, rx: 1, ...box }));
  });
}

/** A line through the values there are; a gap breaks it, and a lone value is a dot. */
function curve(plot, values, kind) {
  let path = "";
  values.forEach((value, index) => {
    if (value === null) return;
    const [x, y] = [plot.x(index), plot.y(value)];
    const joined = index > 0 && values[index - 1] !== null;
    path += `${joined ? "L" : "M"}${x},${y}`;
    const alone = !joined && (values[index + 1] ?? null) === null;
    if (alone) plot.svg.append(element("circle", { class: `dot ${kind}`, cx: x, cy: y, r: 2.5 }));
  });
  plot.svg.append(element("path", { class: `curve ${kind}`, d: path }));
}

function area(plot, values) {
  const points = values.map((value, index) => `L${plot.x(index)},${plot.y(value)}`).join("");
  const ends = [0, values.length - 1].map((index) => `${plot.x(index)},${plot.y(0)}`);
  plot.svg.append(element("path", { class: "area", d: `M${ends[0]}${points}L${ends[1]}Z` }));
  curve(plot, values, "");
}
