// While the server is gone, one line at the foot of the page says so, and what was found can still be read. Streamlit's own dialog
// would cover the results, lock the page and ask about the visitor's internet; it is closed, as a press on its cross would.
// What a press asks of the server would be lost without a word: such controls (data-asks="server") do nothing until it is back.
if (!window.vibeshelfOffline) {
  const SAID = "The server does not answer. This page stays as it is, and goes on by itself."
  const PATIENCE_MS = 1000
  const line = document.createElement("div")
  line.className = "vs-offline"
  line.setAttribute("role", "alert")
  let waiting = 0
  const app = () => document.querySelector(".stApp")
  const gone = () => ["PINGING_SERVER", "CONNECTING"].includes(app()?.dataset.testConnectionState)
  const say = () => {
    if (!gone() || line.isConnected) return
    app().append(line)
    line.textContent = SAID
  }
  const look = () => {
    if (!gone()) {
      clearTimeout(waiting)
      waiting = 0
      line.remove()
      line.textContent = ""
      return
    }
    waiting ||= setTimeout(say, PATIENCE_MS)
    document.querySelector('[data-testid="stDialog"] button[aria-label="Close"]')?.click()
  }
  const onClick = (event) => {
    if (!gone() || !event.composedPath().some((node) => node.dataset?.asks === "server")) return
    event.stopImmediatePropagation()
    event.preventDefault()
    say()
    line.getAnimations().forEach((animation) => { animation.cancel(); animation.play() })
  }
  window.vibeshelfOffline = new MutationObserver(look)
  window.vibeshelfOffline.observe(document.body, {
    attributes: true, attributeFilter: ["data-test-connection-state"], childList: true, subtree: true,
  })
  addEventListener("click", onClick, true)
}
