// The box: focus when the page opens, and a list of suggestions that follows what is typed. Everything shown is set as text.
const WAIT_MS = 110
const box = { at: -1, texts: [] }

function make(tag, name, text) {
  const node = document.createElement(tag)
  node.className = name
  if (text !== undefined) node.textContent = text
  return node
}

function close() {
  box.at = -1
  box.list.hidden = true
  box.input.setAttribute("aria-expanded", "false")
  box.input.removeAttribute("aria-activedescendant")
}

function show(found) {
  box.texts = found.map((each) => each.text)
  box.list.replaceChildren(...found.map((each, at) => {
    const item = make("li", "vs-suggestion")
    Object.assign(item, { id: `vs-suggestion-${at}`, role: "option" })
    item.append(make("span", "", each.text), make("small", "", each.kind))
    item.addEventListener("mousedown", (event) => event.preventDefault())
    item.addEventListener("click", () => choose(each.text))
    return item
  }))
  close()
  box.list.hidden = !found.length
  box.input.setAttribute("aria-expanded", String(found.length > 0))
  box.said.textContent = found.length ? `${found.length} suggestions` : ""
}

function move(step) {
  const items = [...box.list.children]
  box.at = (box.at + step + items.length + 1) % (items.length + 1)
  // One place past the end is the box itself, with what was typed.
  items.forEach((item, at) => item.setAttribute("aria-selected", String(at === box.at)))
  if (box.at === items.length) box.at = -1
  if (box.at < 0) box.input.removeAttribute("aria-activedescendant")
  else {
    box.input.setAttribute("aria-activedescendant", `vs-suggestion-${box.at}`)
    items[box.at].scrollIntoView({ block: "nearest" })
  }
}

// As if it had been typed, with Enter: Streamlit and the address learn of it in the usual way.
function choose(text) {
  close()
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(box.input, text)
  box.quiet = true
  box.input.dispatchEvent(new Event("input", { bubbles: true }))
  box.quiet = false
  box.input.focus()
  setTimeout(() => {
    for (const kind of ["keydown", "keypress", "keyup"]) {
      box.input.dispatchEvent(new KeyboardEvent(kind, { key: "Enter", code: "Enter", keyCode: 13, which: 13, bubbles: true, cancelable: true }))
    }
  })
}

function pressed(event) {
  const open = !box.list.hidden
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (!open && !box.input.value) show(box.wishes.map((text) => ({ text, kind: "a wish" })))
    if (box.list.hidden) return
    event.preventDefault()
    move(event.key === "ArrowDown" ? 1 : -1)
  } else if (open && event.key === "Escape") {
    event.preventDefault()
    close()
  } else if (event.key === "Enter") {
    const text = open && box.at >= 0 ? box.texts[box.at] : null
    clearTimeout(box.timer)
    close()
    if (text !== null && event.isTrusted) {
      event.preventDefault()
      event.stopPropagation()
      choose(text)
    }
  }
}

function typed() {
  if (box.quiet) return
  close()
  clearTimeout(box.timer)
  const text = box.input.value
  if (text.trim().length > 1) box.timer = setTimeout(() => box.send("typed", text.slice(0, 100)), WAIT_MS)
}

function attach(input) {
  box.input = input
  box.list = make("ul", "vs-suggestions")
  box.said = make("span", "vs-unseen")
  box.list.id = "vs-suggestions"
  box.list.hidden = true
  box.list.setAttribute("role", "listbox")
  box.list.setAttribute("aria-label", "Suggestions")
  box.said.setAttribute("role", "status")
  input.closest(".st-key-q").append(box.list, box.said)
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-controls": "vs-suggestions", "aria-expanded": "false", autocomplete: "off",
  })) input.setAttribute(name, value)
  input.addEventListener("keydown", pressed, true)
  input.addEventListener("input", typed)
  input.addEventListener("blur", close)
  // On a touch screen the keyboard would cover what the page is about to show.
  if (!input.value && window.matchMedia("(pointer: fine)").matches && document.activeElement === document.body) {
    input.focus({ preventScroll: true })
  }
}

// The list lies beside the box, outside of this component, where the theme's colours are not known.
const COLOURS = ["background-color", "secondary-background-color", "border-color", "gray-text-color", "text-color", "font"]

function dress(parent) {
  const theme = getComputedStyle(parent)
  for (const name of COLOURS) box.list.style.setProperty(`--st-${name}`, theme.getPropertyValue(`--st-${name}`))
}

export default function ({ data: [data], parentElement, setStateValue }) {
  const input = document.querySelector(".st-key-q input")
  if (!input) return
  box.send = setStateValue
  box.wishes = data.wishes
  if (box.input !== input || !box.list.isConnected) attach(input)
  dress(parentElement)
  if (document.activeElement === input && data.typed && data.typed === input.value.slice(0, 100)) show(data.found)
}
