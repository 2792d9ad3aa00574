// A chart as the page shows it, as a file: its SVG, or a PNG of that, under a heading that says what it is about.
// Nothing leaves the browser, so it works without a network.

const SVG = "http://www.w3.org/2000/svg";
const PADDING = 16, TITLE_SIZE = 16, LINE_SIZE = 11, LINE_HEIGHT = 15, SHARPNESS = 2, LEAST_WIDTH = 420;

function themeOf(element) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  return {
    ground: read("--st-background-color", "#ffffff"),
    ink: read("--st-text-color", "#222222"),
    font: read("--st-font", "Georgia, serif"),
  };
}

function wrapped(text, width) {
  const most = Math.max(20, Math.floor(width / (LINE_SIZE * 0.56)));
  const lines = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.length - 1;
    if (last >= 0 && lines[last].length + word.length < most) lines[last] += " " + word;
    else lines.push(word);
  }
  return lines;
}

function textAt(content, x, y, size, theme, weight) {
  const element = document.createElementNS(SVG, "text");
  element.setAttribute("x", x);
  element.setAttribute("y", y);
  element.setAttribute("font-size", size);
  element.setAttribute("font-weight", weight);
  element.setAttribute("font-family", theme.font);
  element.setAttribute("fill", theme.ink);
  element.textContent = content;
  return element;
}

function headed(chart, data, theme) {
  const drawn = chart.getBoundingClientRect();
  const chartWidth = Number(chart.getAttribute("width")) || drawn.width;
  const chartHeight = Number(chart.getAttribute("height")) || drawn.height;
  const width = Math.max(LEAST_WIDTH, chartWidth) + 2 * PADDING;
  const lines = wrapped(data.facts, width - 2 * PADDING);
  const top = PADDING + TITLE_SIZE + 6 + lines.length * LINE_HEIGHT + 8;
  const height = top + chartHeight + PADDING;
  const root = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}`, role: "img" }))
    root.setAttribute(name, value);
  root.setAttribute("xmlns", SVG);
  const description = document.createElementNS(SVG, "desc");
  description.textContent = `${data.title}. ${data.alt}. ${data.facts}`;
  const ground = document.createElementNS(SVG, "rect");
  ground.setAttribute("width", width);
  ground.setAttribute("height", height);
  ground.setAttribute("fill", theme.ground);
  root.append(description, ground, textAt(data.title, PADDING, PADDING + TITLE_SIZE, TITLE_SIZE, theme, "bold"));
  lines.forEach((line, at) =>
    root.append(textAt(line, PADDING, PADDING + TITLE_SIZE + 6 + (at + 1) * LINE_HEIGHT - 3, LINE_SIZE, theme, "normal")));
  const inner = chart.cloneNode(true);
  inner.setAttribute("x", PADDING);
  inner.setAttribute("y", top);
  inner.setAttribute("width", chartWidth);
  inner.setAttribute("height", chartHeight);
  root.append(inner);
  return { text: new XMLSerializer().serializeToString(root), width, height };
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function asPng(made, done) {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = made.width * SHARPNESS;
    canvas.height = made.height * SHARPNESS;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(done, "image/png");
  };
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(made.text);
}

export default function ({ data, parentElement }) {
  const said = parentElement.querySelector(".said");
  const host = parentElement.host ?? parentElement;
  const take = (kind) => {
    const chart = document.querySelector(`.st-key-${CSS.escape(data.chart)} svg.marks`);
    said.textContent = chart ? "" : "The chart is not drawn yet.";
    if (!chart) return;
    const made = headed(chart, data, themeOf(host));
    if (kind === "svg") save(new Blob([made.text], { type: "image/svg+xml" }), `${data.name}.svg`);
    else asPng(made, (blob) => save(blob, `${data.name}.png`));
  };
  for (const button of parentElement.querySelectorAll("button")) {
    const kind = button.dataset.kind;
    button.setAttribute("aria-label", `Download the chart "${data.title}" as ${kind.toUpperCase()}`);
    button.onclick = () => take(kind);
  }
}
