// Draws the results. All that others wrote is set as text; only the covers, which are made and escaped by us, are markup.
function make(tag, name, text) {
  const node = document.createElement(tag)
  if (name) node.className = name
  if (text !== undefined) node.textContent = text
  return node
}

function button(label, text, press) {
  const node = make("button", "vs-do", text)
  node.type = "button"
  node.setAttribute("aria-label", label)
  node.addEventListener("click", press)
  return node
}

function why(card) {
  const line = make("div", "vs-why")
  if (card.word) {
    const word = make("span", "vs-word", card.word)
    word.title = `cosine similarity ${card.cosine}`
    line.append(word)
  }
  if (card.parts.length) {
    const [meaning, words] = card.parts
    const bar = make("span", "vs-bar")
    bar.setAttribute("role", "img")
    bar.setAttribute("aria-label", `Why it is here: ${meaning} of 100 by meaning, ${words} by shared words`)
    bar.title = `${meaning} by meaning, ${words} by shared words, of 100`
    for (const [name, share] of [["vs-meaning", meaning], ["vs-words", words]]) {
      const part = make("span", name)
      part.style.width = `${share}%`
      bar.append(part)
    }
    line.append(bar, make("span", "vs-parts", words ? "meaning + words" : "meaning alone"))
  }
  return line
}

function thumbs(card, send) {
  const pair = [["up", true, "thumb_up"], ["down", false, "thumb_down"]].map(([name, up, sign]) => {
    const node = button(`Thumb ${name} for ${card.title}`, "", () => {
      const next = node.getAttribute("aria-pressed") === "true" ? null : up
      pair.forEach((each, at) => each.setAttribute("aria-pressed", String(next === (at === 0))))
      send("thumbed", { id: card.id, up: next })
    })
    const icon = make("span", "vs-thumb", sign)
    icon.setAttribute("aria-hidden", "true")
    icon.translate = false
    node.append(icon)
    node.dataset.asks = "server"
    node.setAttribute("aria-pressed", String(card.thumb === up))
    return node
  })
  return pair
}

function doings(card, send) {
  const row = make("div", "vs-doings")
  const like = make("a", "vs-do", "More like this")
  like.href = card.like
  like.dataset.asks = "server"
  like.setAttribute("aria-label", `More like ${card.title}`)
  like.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    send("liked", card.id)
  })
  const copy = button(`Copy a link to ${card.title}`, "Copy link", async () => {
    const address = new URL(card.like, window.location.href).href
    try {
      await navigator.clipboard.writeText(address)
      copy.textContent = "Copied"
    } catch {
      window.prompt("The link", address)
    }
    setTimeout(() => { copy.textContent = "Copy link" }, 1600)
  })
  row.append(like, copy)
  if (/^https?:/.test(card.out)) {
    const out = make("a", "vs-do", "Look it up")
    Object.assign(out, { href: card.out, target: "_blank", rel: "noopener noreferrer" })
    out.setAttribute("aria-label", `Look up ${card.title} elsewhere, in a new tab`)
    row.append(out)
  }
  row.append(...thumbs(card, send))
  return row
}

function story(card) {
  const text = make("p", "vs-story")
  if (!card.sentences.length) text.append(make("em", "", "No description: found by its title, author and genres."))
  card.sentences.forEach((sentence, at) => {
    const part = make("span", "", sentence)
    part.dataset.place = at
    text.append(part, " ")
  })
  return text
}

function draw(card, send) {
  const item = make("li", "vs-card")
  item.id = `hit-${card.rank}`
  item.dataset.book = card.id
  const cover = make("div", "vs-cover")
  cover.innerHTML = card.cover
  const body = make("div", "vs-body")
  const genres = make("div", "vs-genres")
  genres.append(...card.genres.map((genre) => make("span", "vs-genre", genre)))
  body.append(make("h2", "vs-title", card.title), make("p", "vs-facts", card.facts), why(card), story(card), genres, doings(card, send))
  item.append(cover, body)
  return item
}

function mark(list, marks) {
  for (const [id, places] of Object.entries(marks)) {
    const item = [...list.children].find((each) => each.dataset.book === id)
    for (const place of item ? places : []) {
      const plain = item.querySelector(`span[data-place="${place}"]`)
      if (!plain) continue
      const marked = make("mark", "", plain.textContent)
      marked.dataset.place = place
      plain.replaceWith(marked)
    }
  }
}

export default function ({ data: [data], parentElement, setTriggerValue }) {
  const list = make("ol", "vs-cards")
  list.dataset.asked = data.asked
  list.dataset.marked = data.whole ? "whole" : "later"
  list.setAttribute("aria-label", "Books found, best first")
  list.append(...data.cards.map((card) => draw(card, setTriggerValue)))
  mark(list, data.marks)
  const later = () => {
    const come = window.vibeshelfMarks
    if (come?.asked !== data.asked) return
    mark(list, come.marks)
    if (come.whole) list.dataset.marked = "whole"
  }
  later()
  document.addEventListener("vibeshelf-marks", later)
  const old = parentElement.querySelector(".vs-cards")
  if (old) old.replaceWith(list)
  else parentElement.append(list)
  return () => document.removeEventListener("vibeshelf-marks", later)
}
