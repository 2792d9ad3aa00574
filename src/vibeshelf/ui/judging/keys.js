// Holds the keys that are pressed while the page is busy and gives them to it one by one: each press is one act, on the book that
// is then on the screen. A key is given as a click on its button. The page counts its acts; what it draws says how many it has done.
const held = []
// What the page drew last, and where; and how many acts it will have done when it listens again, null while it listens.
let drawn = null
let place = null
let awaited = null
let written = ""

const here = () => place !== null && place.isConnected
const find = (name) => document.getElementsByClassName(`st-key-${name.trim().replace(/[^a-zA-Z0-9_-]/g, "-")}`)[0]
const control = (key) => find(drawn.keys[key])?.querySelector("button, input")
const inText = (node) => node.closest?.("input, textarea, select, [contenteditable=true]")
const inNote = (node) => drawn.note && find(drawn.note)?.contains(node)

function keyOf(event) {
  const key = event.key.toLowerCase()
  if (key in drawn.keys) return key
  // Where the layout writes other letters, or digits only with shift, the place of the key counts.
  if (event.shiftKey || /^[a-z]$/.test(key) || !/^(Key|Digit|Numpad).$/.test(event.code)) return null
  const by = event.code.at(-1).toLowerCase()
  return by in drawn.keys ? by : null
}

function listen(target) {
  awaited = target
  document.body.toggleAttribute("data-listening", here() && target === null)
}

function give() {
  while (awaited === null && held.length) {
    const node = control(held.shift())
    if (node?.tagName === "INPUT") node.focus()
    else node?.click()
  }
}

function onKey(event) {
  if (!here() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
  if (inText(event.target)) {
    if (event.key !== "Enter" || !inNote(event.target)) return
    // Leaving its box takes the note; the next key, however soon it comes, is a grade.
    event.stopImmediatePropagation()
    event.preventDefault()
    event.target.blur()
    return
  }
  const key = keyOf(event)
  if (key === null) return
  event.stopImmediatePropagation()
  event.preventDefault()
  const elsewhere = event.target.closest?.("[data-testid=stPopoverBody], [role=dialog]")
  // A key held down is one press; what follows a key for the note is meant for the note.
  if (event.repeat || elsewhere || (held.length && control(held.at(-1))?.tagName === "INPUT")) return
  held.push(key)
  give()
}

function onClick(event) {
  const button = event.target.closest?.("button")
  if (here() && awaited === null && button && Object.keys(drawn.keys).some((key) => control(key) === button)) listen(drawn.acts + 1)
}

function onFocus(event) {
  if (!here() || !inNote(event.target)) return
  if (event.type === "focusin") written = event.target.value
  else if (event.target.value !== written) listen((awaited ?? drawn.acts) + 1)
}

addEventListener("keydown", onKey, true)
addEventListener("click", onClick, true)
addEventListener("focusin", onFocus, true)
addEventListener("focusout", onFocus, true)

export default function ({ data: [data], parentElement }) {
  const before = drawn
  drawn = data
  place = parentElement
  if (before?.drawn === data.drawn) return
  const went = data.acts - (before?.acts ?? data.acts)
  // Drawn again without having done what was awaited: it failed, or the server is another. What was held was meant for later books.
  if (awaited !== null && (went <= 0 || data.acts > awaited)) held.length = 0
  if (awaited === null || went <= 0 || data.acts >= awaited) listen(null)
  give()
  return () => {
    if (here()) return
    held.length = 0
    listen(null)
  }
}
