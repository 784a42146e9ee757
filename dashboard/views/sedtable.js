// The table of fits. Its first column is the key to the figure: a click on a kind hides or shows it.

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) { node.addEventListener(name.slice(2), value) }
    else if (value !== null && value !== false) { node.setAttribute(name, value) }
  }
  node.append(...children)
  return node
}

const HEADS = [["model", "Best fit of each kind", "kind"], ["χ²", "Chi-squared", ""], ["k", "Free parameters", ""],
  ["n", "Bands", ""], ["BIC", "Bayesian information criterion: k ln n − 2 ln L", ""], ["Δ", "BIC less that of the preferred", ""],
  ["z", "Photometric redshift (16–84 %)", "z"], ["template and parameters", "", "what"]]

export function render({model, el}) {
  const body = make("tbody"), said = make("p", {role: "status"})
  const head = make("tr", {}, ...HEADS.map(([text, title, kind]) => make("th", {scope: "col", title, class: kind}, text)))
  el.append(make("div", {class: "fits"}, make("table", {"aria-label": "Fits"}, make("thead", {}, head), body), said))

  const line = (fit, number) => {
    const shown = !model.hidden.includes(fit.kind)
    const key = make("button", {type: "button", class: "key", "aria-pressed": String(shown), "data-kind": fit.kind,
      title: `Hide or show ${fit.kind}`, onclick: () => model.send_msg(fit.kind)},
      make("i", {style: `--ink: ${model.colours[fit.kind]}`}), fit.kind)
    const cells = [fit.chi2, fit.k, fit.n, fit.bic, fit.delta].map((text) => make("td", {}, text))
    return make("tr", {class: number ? "" : "best", "data-kind": fit.kind}, make("td", {class: "kind"}, key), ...cells,
      make("td", {class: "z"}, fit.z), make("td", {class: "what", title: fit.what}, fit.what))
  }
  const show = () => {
    const had = body.querySelector("button:focus")?.dataset.kind
    body.replaceChildren(...model.rows.map(line))
    if (had) { body.querySelector(`button[data-kind="${had}"]`)?.focus() }
    said.textContent = model.said
    said.title = model.source
  }
  for (const name of ["rows", "colours", "hidden", "said"]) { model.on(name, show) }
  show()
}
