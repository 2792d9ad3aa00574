// What is larger than its box can be scrolled by keyboard only when the box can have the focus, which Streamlit's cannot: tables that are
// wider than the screen, and long ones in a box of fixed height.
if (!window.vibeshelfReach) {
  const BOXES = '[data-testid="stTable"] > div, [data-testid="stVerticalBlock"][overflow="auto"]'
  const reach = () => {
    for (const box of document.querySelectorAll(BOXES)) {
      const large = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight
      if (large && box.tabIndex < 0) {
        box.tabIndex = 0
        box.setAttribute("role", "group")
        box.setAttribute("aria-label", "More than is shown, to be scrolled")
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
