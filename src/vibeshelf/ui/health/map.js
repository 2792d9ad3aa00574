// The map of a collection: tens of thousands of books on one canvas, without a network and without a library.
// `data` comes from ui/health/map_view.py: `books` is an Arrow table of x, y (0 to 65535), kind (a place in `kinds`) and title.
const SIDE = 96; // Cells of the grid that finds the book under the pointer.
const REACH = 12; // So far from a book, in pixels, the pointer still means it.
const NARROW = 480;
const alive = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  let view = alive.get(root);
  if (!view || !root.contains(view.canvas)) {
    view = begin(root);
    alive.set(root, view);
  }
  view.pick = (row) => component.setTriggerValue("picked", { row, key: view.data.key });
  show(view, component.data);
  return () => {
    view.watch.disconnect();
    alive.delete(root);
  };
}

function begin(root) {
  const find = (name) => root.querySelector(name);
  const canvas = find("canvas");
  const view = {
    canvas, frame: find(".frame"), tip: find(".tip"), legend: find(".legend"), pen: canvas.getContext("2d"),
    scale: 1, left: 0, top: 0, only: -1, under: -1, drag: null, key: null, waiting: false,
  };
  view.watch = new ResizeObserver(() => redraw(view));
  view.watch.observe(view.frame);
  for (const button of root.querySelectorAll("[data-zoom]")) {
    button.onclick = () => zoom(view, Number(button.dataset.zoom), view.wide / 2, view.high / 2);
  }
  canvas.onpointerdown = (event) => { view.drag = { x: event.offsetX, y: event.offsetY, far: false }; };
  canvas.onpointermove = (event) => moved(view, event);
  canvas.onpointerup = (event) => released(view, event);
  canvas.onpointerleave = () => { view.drag = null; hover(view, -1); };
  canvas.onwheel = (event) => {
    // A plain wheel scrolls the page, as everywhere else.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(view, event.deltaY < 0 ? 1.25 : 0.8, event.offsetX, event.offsetY);
  };
  return view;
}

function show(view, data) {
  const column = (name) => data.books.getChild(name);
  const x = column("x").toArray(), y = column("y").toArray(), kind = column("kind").toArray(), title = column("title");
  view.data = { ...data, x, y, kind, title };
  if (view.key !== data.key) Object.assign(view, { key: data.key, scale: 1, left: 0, top: 0, under: -1 });
  if (view.only >= data.kinds.length || view.coloured !== data.coloured) view.only = -1;
  view.coloured = data.coloured;
  view.grid = gridOf(x, y);
  view.order = orderOf(kind, data.kinds.length);
  view.canvas.setAttribute("aria-label", data.alt);
  legend(view);
  redraw(view);
}

// The rows by cell: `rows` from starts[cell] to starts[cell + 1].
function gridOf(x, y) {
  const cell = (row) => ((y[row] * SIDE) >> 16) * SIDE + ((x[row] * SIDE) >> 16);
  const starts = new Uint32Array(SIDE * SIDE + 1), rows = new Uint32Array(x.length);
  for (let row = 0; row < x.length; row++) starts[cell(row) + 1]++;
  for (let at = 0; at < SIDE * SIDE; at++) starts[at + 1] += starts[at];
  const next = starts.slice();
  for (let row = 0; row < x.length; row++) rows[next[cell(row)]++] = row;
  return { starts, rows };
}

// The rows kind by kind, the last kind first: what stands first in the legend is drawn on top.
function orderOf(kind, count) {
  const rows = Array.from({ length: count }, () => []);
  for (let row = 0; row < kind.length; row++) rows[kind[row]].push(row);
  return rows;
}

function legend(view) {
  const items = view.data.kinds.map((kind, at) => {
    const button = document.createElement("button"), dot = document.createElement("i"), item = document.createElement("li");
    button.type = "button";
    button.ariaPressed = String(view.only === at);
    dot.style.background = kind.colour;
    button.append(dot, `${kind.name} (${view.order[at].length.toLocaleString("en")})`);
    button.onclick = () => { view.only = view.only === at ? -1 : at; legend(view); redraw(view); };
    item.append(button);
    return item;
  });
  view.legend.replaceChildren(...items);
}

function redraw(view) {
  if (view.waiting) return;
  view.waiting = true;
  requestAnimationFrame(() => { view.waiting = false; draw(view); });
}

function draw(view) {
  const { canvas, pen, data } = view, started = performance.now(), ratio = window.devicePixelRatio || 1;
  view.wide = view.frame.clientWidth;
  if (!data || !view.wide) return;
  view.high = view.wide < NARROW ? view.wide : Math.round(view.wide * 0.72);
  if (canvas.width !== Math.round(view.wide * ratio) || canvas.height !== Math.round(view.high * ratio)) {
    canvas.width = Math.round(view.wide * ratio);
    canvas.height = Math.round(view.high * ratio);
    canvas.style.height = `${view.high}px`;
  }
  canvas.style.touchAction = view.scale > 1 ? "none" : "pan-y";
  const style = getComputedStyle(view.frame);
  view.ink = style.getPropertyValue("--st-text-color") || style.color;
  view.ground = style.getPropertyValue("--st-background-color") || "white";
  view.mark = style.getPropertyValue("--st-primary-color") || view.ink;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, view.wide, view.high);
  dots(view);
  if (data.named) names(view);
  links(view);
  canvas.dataset.drawn = data.x.length;
  canvas.dataset.view = JSON.stringify({ ...frameOf(view), marks: data.near.length, picked: data.picked });
  canvas.dataset.milliseconds = (performance.now() - started).toFixed(1);
}

// Where the square of the map lies on the canvas: pixels a unit, and the pixel of its corner.
function frameOf(view) {
  const margin = 14, side = Math.min(view.wide, view.high) - 2 * margin, size = side * view.scale;
  return { size, left: view.wide / 2 - size / 2 + view.left, top: view.high / 2 - size / 2 + view.top };
}

function dots(view) {
  const { pen, data } = view, at = frameOf(view), unit = at.size / 65535;
  const radius = Math.max(0.9, Math.min(4, 90 / Math.sqrt(data.x.length))) * Math.min(2.2, Math.sqrt(view.scale));
  for (let kind = view.order.length - 1; kind >= 0; kind--) {
    pen.fillStyle = data.kinds[kind].colour;
    pen.globalAlpha = view.only >= 0 && view.only !== kind ? 0.06 : data.kinds[kind].quiet ? 0.3 : 0.75;
    for (const row of view.order[kind]) {
      const x = at.left + data.x[row] * unit, y = at.top + data.y[row] * unit;
      if (x < -9 || y < -9 || x > view.wide + 9 || y > view.high + 9) continue;
      dot(pen, x, y, radius);
    }
  }
  pen.globalAlpha = 1;
}

function dot(pen, x, y, radius) {
  // Small squares are drawn far quicker than circles, and look the same.
  if (radius < 2) return pen.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
}

function spot(view, row) {
  const at = frameOf(view), unit = at.size / 65535;
  return [at.left + view.data.x[row] * unit, at.top + view.data.y[row] * unit];
}

// What lies near the picked book or the query: a line to each, a ring around it.
function links(view) {
  const { pen, data } = view, at = frameOf(view);
  const from = data.query ? [at.left + data.query[0] * at.size, at.top + data.query[1] * at.size] : data.picked >= 0 ? spot(view, data.picked) : null;
  pen.strokeStyle = pen.fillStyle = view.ink;
  for (const row of data.near) {
    const [x, y] = spot(view, row);
    pen.globalAlpha = 0.35;
    pen.lineWidth = 1;
    if (from) { pen.beginPath(); pen.moveTo(...from); pen.lineTo(x, y); pen.stroke(); }
    pen.globalAlpha = 1;
    ring(pen, x, y, 5, 1.5);
  }
  if (view.under >= 0) ring(pen, ...spot(view, view.under), 6, 2);
  if (!from) return;
  pen.strokeStyle = view.ground;
  ring(pen, ...from, 8, 5);
  pen.strokeStyle = view.mark;
  ring(pen, ...from, 8, 3);
  if (data.query) { pen.fillStyle = view.mark; pen.beginPath(); pen.arc(...from, 4, 0, 7); pen.fill(); label(view, "your query", from[0], from[1] - 18, true); }
}

function ring(pen, x, y, radius, width) {
  pen.lineWidth = width;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.stroke();
}

function names(view) {
  const at = frameOf(view), query = view.data.query;
  const taken = query ? [[at.left + query[0] * at.size - 44, at.top + query[1] * at.size - 30, at.left + query[0] * at.size + 44, at.top + query[1] * at.size + 12]] : [];
  const most = view.wide < NARROW ? 6 : 99;
  // The largest groups first: a name that would cover another is left out.
  const sized = view.data.kinds.map((kind, at) => ({ ...kind, count: view.order[at].length })).filter((kind) => kind.at);
  for (const kind of sized.sort((one, other) => other.count - one.count).slice(0, most)) {
    const x = at.left + kind.at[0] * at.size, y = at.top + kind.at[1] * at.size;
    const wide = view.pen.measureText(kind.short).width + 12, box = [x - wide / 2, y - 10, x + wide / 2, y + 10];
    if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
    taken.push(box);
    label(view, kind.short, x, y, false);
  }
}

function label(view, text, x, y, strong) {
  const { pen } = view;
  pen.font = `${strong ? "bold " : ""}13px ${getComputedStyle(view.frame).getPropertyValue("--st-font") || "serif"}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const half = pen.measureText(text).width / 2 + 4, inside = Math.max(half, Math.min(view.wide - half, x));
  pen.lineWidth = 4;
  pen.lineJoin = "round";
  pen.strokeStyle = view.ground;
  pen.strokeText(text, inside, y);
  pen.fillStyle = view.ink;
  pen.fillText(text, inside, y);
}

function zoom(view, factor, x, y) {
  const before = frameOf(view), scale = factor ? Math.max(1, Math.min(40, view.scale * factor)) : 1;
  if (scale === 1) { view.left = view.top = 0; }
  else {
    // The spot under the pointer stays where it is.
    const grown = scale / view.scale, size = before.size * grown;
    view.left = x - (x - before.left) * grown - view.wide / 2 + size / 2;
    view.top = y - (y - before.top) * grown - view.high / 2 + size / 2;
  }
  view.scale = scale;
  redraw(view);
}

function moved(view, event) {
  const drag = view.drag;
  if (!drag) return hover(view, rowAt(view, event.offsetX, event.offsetY), event.offsetX, event.offsetY);
  const x = event.offsetX - drag.x, y = event.offsetY - drag.y;
  if (!drag.far && Math.hypot(x, y) < 4) return;
  Object.assign(drag, { x: event.offsetX, y: event.offsetY, far: true });
  if (view.scale === 1) return;
  view.left += x;
  view.top += y;
  hover(view, -1);
  redraw(view);
}

function released(view, event) {
  const far = view.drag && view.drag.far;
  view.drag = null;
  const row = far ? -1 : rowAt(view, event.offsetX, event.offsetY);
  if (row >= 0) view.pick(row);
}

function rowAt(view, x, y) {
  const at = frameOf(view), cell = (pixel, corner) => Math.floor(((pixel - corner) / at.size) * SIDE);
  const unit = at.size / 65535, clamp = (value) => Math.max(0, Math.min(SIDE - 1, value));
  let best = -1, least = REACH * REACH;
  for (let down = clamp(cell(y - REACH, at.top)); down <= clamp(cell(y + REACH, at.top)); down++) {
    for (let right = clamp(cell(x - REACH, at.left)); right <= clamp(cell(x + REACH, at.left)); right++) {
      const of = down * SIDE + right;
      for (let next = view.grid.starts[of]; next < view.grid.starts[of + 1]; next++) {
        const row = view.grid.rows[next];
        if (view.only >= 0 && view.data.kind[row] !== view.only) continue;
        const far = (at.left + view.data.x[row] * unit - x) ** 2 + (at.top + view.data.y[row] * unit - y) ** 2;
        if (far < least) { least = far; best = row; }
      }
    }
  }
  return best;
}

function hover(view, row, x, y) {
  const { tip, data } = view;
  tip.hidden = row < 0;
  if (row >= 0) {
    const kind = document.createElement("small");
    kind.textContent = data.kinds[data.kind[row]].name;
    tip.replaceChildren(String(data.title.get(row)), kind);
    tip.style.left = x > view.wide / 2 ? "auto" : `${x + 14}px`;
    tip.style.right = x > view.wide / 2 ? `${view.wide - x + 14}px` : "auto";
    tip.style.top = `${Math.min(y, view.high - 60)}px`;
  }
  if (row !== view.under) { view.under = row; redraw(view); }
}
