// Marks the sentences of results that are on the page, or that will be drawn in a moment.
export default function ({ data }) {
  window.vibeshelfMarks = data
  document.dispatchEvent(new CustomEvent("vibeshelf-marks"))
}
