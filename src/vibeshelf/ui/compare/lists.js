// Draws two rankings and the lines between them. All that others wrote is set as text; only covers, made and escaped by us, are markup.
const SVG = "http://www.w3.org/2000/svg"

function make(tag, name, text) {
  const node = document.createElement(tag)
  if (name) node.className = name
  if (text !== undefined) node.textContent = text
  return node
}

function row(book) {
  const item = make("li", "vl-row")
  const cover = make("span", "vl-cover")
  cover.innerHTML = book.cover
  const body = make("span", "vl-body")
  body.append(make("span", "vl-title", book.title), make("span", "vl-facts", book.facts))
  item.append(make("span", "vl-rank", book.rank), cover, body)
  if (book.move) {
    const move = make("span", `vl-move vl-${book.sign}`)
    const shown = make("span", "", book.move)
    shown.setAttribute("aria-hidden", "true")
    move.append(shown, make("span", "vl-said", book.said))
    move.title = book.said
    item.append(move)
  }
  return item
}

function side(data, at) {
  const column = make("section", "vl-side")
  column.setAttribute("aria-label", data.name)
  const list = make("ol", "vl-rows")
  list.setAttribute("aria-label", `${data.name}, best first`)
  list.append(...data.rows.map(row))
  if (!data.rows.length) list.append(make("li", "vl-none", "Nothing was found."))
  column.append(make("h2", "vl-name", data.name), make("p", "vl-about", data.facts), list)
  if (at) column.classList.add("vl-right")
  return column
}

function lines(links, count) {
  const drawing = document.createElementNS(SVG, "svg")
  for (const [name, value] of Object.entries({ class: "vl-lines", viewBox: `0 0 100 ${count * 100}`, preserveAspectRatio: "none", "aria-hidden": "true" }))
    drawing.setAttribute(name, value)
  drawing.style.setProperty("--rows", count)
  for (const link of links) {
    const path = document.createElementNS(SVG, "path")
    const [from, to] = [link.from * 100 + 50, link.to * 100 + 50]
    path.setAttribute("d", `M0 ${from} C50 ${from} 50 ${to} 100 ${to}`)
    path.setAttribute("class", `vl-line vl-${link.sign}`)
    path.dataset.from = link.from
    path.dataset.to = link.to
    drawing.append(path)
  }
  return drawing
}

// Whoever points at a book sees where it stands on the other side.
function follow(root, sides, links) {
  const rows = sides.map((column) => [...column.querySelectorAll(".vl-row")])
  rows.forEach((of, at) => of.forEach((node, place) => {
    const link = links.find((each) => (at ? each.to : each.from) === place)
    if (!link) return
    const together = [rows[0][link.from], rows[1][link.to], root.querySelector(`path[data-from="${link.from}"][data-to="${link.to}"]`)]
    const light = (on) => together.forEach((each) => each && each.classList.toggle("vl-lit", on))
    node.addEventListener("pointerenter", () => light(true))
    node.addEventListener("pointerleave", () => light(false))
  }))
}

export default function ({ data: [data], parentElement }) {
  const root = make("div", "vl-lists")
  const sides = data.sides.map(side)
  root.append(sides[0], lines(data.links, Math.max(...data.sides.map((each) => each.rows.length), 1)), sides[1])
  follow(root, sides, data.links)
  const old = parentElement.querySelector(".vl-lists")
  if (old) old.replaceWith(root)
  else parentElement.append(root)
}
