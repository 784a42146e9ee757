// The list of runs. A click looks at one, its box (or Ctrl and a click) puts it beside the others. Arrow keys walk the rows.

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) { node.addEventListener(name.slice(2), value) }
    else if (value !== null && value !== false) { node.setAttribute(name, value) }
  }
  node.append(...children)
  return node
}

export function render({model, el}) {
  const body = make("tbody")
  const heads = [["", ""], ["Run", "name"], ["Model", ""], ["In", "place"], ["Best loss", "number"], ["", "state"], ["Made", "made"]]
  const table = make("table", {"aria-label": "Runs"},
    make("thead", {}, make("tr", {}, ...heads.map(([text, kind]) => make("th", {scope: "col", class: kind}, text)))), body)
  const box = make("div", {class: "runs"}, table)
  el.append(box)

  const state = (run) => {
    const said = make("span", {class: run.state}, run.state === "finished" ? "" : run.state)
    if (run.state !== "training") { return said }
    return make("span", {class: "progress", title: run.said}, make("i", {style: `width: ${(100 * run.share).toFixed(1)}%`}), said)
  }

  const line = (run) => {
    const at = model.chosen.indexOf(run.key), tick = make("input", {type: "checkbox", "aria-label": `Compare ${run.name}`,
      title: "Put it beside the others", tabindex: "-1", style: at >= 0 ? `accent-color: ${model.colours[at]}` : ""})
    tick.checked = at >= 0
    tick.addEventListener("click", (event) => { event.stopPropagation(); model.send_msg({toggle: run.key}) })
    return make("tr", {"data-key": run.key, tabindex: "0", "aria-selected": String(at >= 0), title: `${run.key}: ${run.said}`},
      make("td", {class: "tick"}, tick), make("td", {class: "name"}, run.name), make("td", {class: "model"}, run.model),
      make("td", {class: "place"}, run.place), make("td", {class: "number"}, run.loss), make("td", {class: "state"}, state(run)),
      make("td", {class: "made"}, run.made))
  }

  const show = () => {
    const had = body.querySelector("tr:focus")?.dataset.key
    body.replaceChildren(...model.runs.map(line))
    if (had) { [...body.children].find((row) => row.dataset.key === had)?.focus() }
  }

  const choose = (event) => {
    const row = event.target.closest("tr[data-key]")
    if (row) { model.send_msg({[event.ctrlKey || event.metaKey || event.shiftKey ? "toggle" : "choose"]: row.dataset.key}) }
  }
  box.addEventListener("click", choose)
  box.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr[data-key]")
    const next = {ArrowDown: row?.nextElementSibling, ArrowUp: row?.previousElementSibling}[event.key]
    if (next) { next.focus() } else if (row && (event.key === "Enter" || event.key === " ")) { choose(event) } else { return }
    event.preventDefault()
    event.stopPropagation()
  })
  for (const name of ["runs", "chosen", "colours"]) { model.on(name, show) }
  show()
}
