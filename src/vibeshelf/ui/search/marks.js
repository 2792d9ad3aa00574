// Marks the sentences of results that are on the page, or that will be drawn in a moment; they come a few books at a time.
export default function ({ data: [data] }) {
  const before = window.vibeshelfMarks?.asked === data.asked ? window.vibeshelfMarks.marks : {}
  window.vibeshelfMarks = { asked: data.asked, marks: { ...before, ...data.marks }, whole: data.whole }
  document.dispatchEvent(new CustomEvent("vibeshelf-marks"))
}
