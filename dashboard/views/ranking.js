// Columns ranked by how far they set two sets apart. Rows come from the server in `content`; a row that is chosen goes back by
// its column's name. Arrow keys walk the rows, Enter or a click chooses one.

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) { node.addEventListener(name.slice(2), value) } else { node.setAttribute(name, value) }
  }
  node.append(...children)
  return node
}

export function render({model, el}) {
  const table = make("table", {"aria-label": "Columns by how far they set the sets apart"})
  const box = make("div", {class: "ranking"}, table)
  el.append(box)

  const bar = (row) => {
    const part = make("i", {})
    const width = 50 * Math.min(Math.abs(row.effect), 1)
    part.style.width = `${Math.max(width, 0.8)}%`
    part.style.left = `${row.effect < 0 ? 50 - width : 50}%`
    part.style.background = model.colours[row.side]
    return make("td", {class: "effect"}, part)
  }

  const line = (row) => make("tr", {"data-name": row.name, tabindex: "0", title: row.tip, class: row.differs ? "" : "same",
                                    "aria-selected": String(row.name === model.chosen)},
    make("td", {class: "name"}, row.title), bar(row), make("td", {}, row.said), make("td", {}, row.a), make("td", {}, row.b),
    make("td", {}, row.p), make("td", {class: "count"}, row.n_a), make("td", {class: "count"}, row.n_b))

  const show = () => {
    const [a, b] = model.titles
    const middle = "median; of a class its share"
    const heads = [["Column", ""], ["", ""], ["Effect", "Cliff's delta, or Cramer's V of classes"], [a, `${a}: ${middle}`],
                   [b, `${b}: ${middle}`], ["p", "corrected for all columns"], [`n, ${a}`, "values"], [`n, ${b}`, "values"]]
    table.replaceChildren(
      make("thead", {}, make("tr", {}, ...heads.map(([text, title], k) =>
        make("th", {class: k > 5 ? "count" : "", scope: "col", title}, text)))),
      make("tbody", {}, ...model.content.map(line)))
    box.scrollTop = 0
  }

  const mark = () => {
    for (const row of table.querySelectorAll("tr[data-name]")) {
      row.setAttribute("aria-selected", String(row.dataset.name === model.chosen))
    }
  }

  const choose = (target) => {
    const row = target.closest("tr[data-name]")
    if (row) { model.send_msg({choose: row.dataset.name}) }
  }

  box.addEventListener("click", (event) => choose(event.target))
  box.addEventListener("keydown", (event) => {
    const row = event.target.closest("tr[data-name]")
    const next = {ArrowDown: row?.nextElementSibling, ArrowUp: row?.previousElementSibling}[event.key]
    if (next) { next.focus() } else if (event.key === "Enter" || event.key === " ") { choose(event.target) } else { return }
    event.preventDefault()
    event.stopPropagation()
  })
  model.on("content", show)
  model.on("colours", show)
  model.on("chosen", mark)
  show()
}
