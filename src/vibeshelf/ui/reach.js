// A table that is wider than the screen can be scrolled by keyboard only when it can have the focus, which Streamlit's cannot.
if (!window.vibeshelfReach) {
  const reach = () => {
    for (const box of document.querySelectorAll('[data-testid="stTable"] > div')) {
      const wide = box.scrollWidth > box.clientWidth
      if (wide && box.tabIndex < 0) {
        box.tabIndex = 0
        box.setAttribute("role", "group")
        box.setAttribute("aria-label", "Table, to be scrolled sideways")
      }
    }
  }
  let waiting = 0
  window.vibeshelfReach = new MutationObserver(() => {
    clearTimeout(waiting)
    waiting = setTimeout(reach, 200)
  })
  window.vibeshelfReach.observe(document.body, { childList: true, subtree: true })
  window.addEventListener("resize", reach)
  reach()
}
