// Draws the covers. Names are set as text; only the covers, which are made and escaped by us, are markup.
export default function ({ data: [data], parentElement, setTriggerValue }) {
  const row = document.createElement("nav")
  row.className = "vs-window"
  row.setAttribute("aria-label", "Some books of this shelf; each leads to more like it")
  for (const book of data.books) {
    const link = document.createElement("a")
    link.href = book.like
    link.title = book.name
    link.dataset.asks = "server"
    link.setAttribute("aria-label", `More like ${book.name}`)
    link.innerHTML = book.cover
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return
      event.preventDefault()
      setTriggerValue("chosen", book.id)
    })
    row.append(link)
  }
  const old = parentElement.querySelector(".vs-window")
  if (old) old.replaceWith(row)
  else parentElement.append(row)
}
