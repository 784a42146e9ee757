// The page of campaigns: a list, a form for a new one, and what has come of the chosen one, drawn. Arrow keys walk the lists.

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) { node.addEventListener(name.slice(2), value) }
    else if (value !== null && value !== false) { node.setAttribute(name, value === true ? "" : value) }
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined))
  return node
}

const div = (kind, ...children) => make("div", {class: kind}, ...children)
const whole = (n) => n.toLocaleString("en")
const two = (x) => x === null ? "–" : x.toFixed(2).replace("-", "−")
const many = (n, word) => `${whole(n)} ${word}${n === 1 ? "" : "s"}`
const meter = (part, of, title = "") => make("span", {class: "meter", title}, make("i", {style: `width:${100 * part / Math.max(of, 1)}%`}))
const section = (title, note, ...children) => make("section", {class: title.split(" ")[0].toLowerCase()}, make("h3", {}, title, make("small", {}, note)), ...children)

// A share with its interval on a scale of 0 to 1: raw counts first
function share([part, of, value, low, high]) {
  const text = make("span", {class: "counts"}, `${whole(part)} of ${whole(of)}`)
  if (!of) { return [text, make("span", {class: "whisker none"}), make("span", {class: "percent"}, "–")] }
  const whisker = make("span", {class: "whisker", title: `${two(value)}, 68 % interval ${two(low)} to ${two(high)}`},
    make("i", {style: `left:${100 * low}%;right:${100 * (1 - high)}%`}), make("b", {style: `left:${100 * value}%`}))
  return [text, whisker, make("span", {class: "percent"}, `${Math.round(100 * value)} %`)]
}

// Labels from the worst to the best; the better, the more of the accent
const rank = (labels, label) => `--k:${labels.indexOf(label) / Math.max(labels.length - 1, 1)}`
const chip = (labels, label, title = "") => make("span", {class: "label", style: rank(labels, label), title}, label)

function stack(labels, counts) {
  const total = Object.values(counts).reduce((sum, n) => sum + n, 0)
  const parts = [...labels].reverse().filter((label) => counts[label]).map((label) => make("i", {
    style: `${rank(labels, label)};flex-grow:${counts[label]}`, title: `${label}: ${whole(counts[label])} of ${whole(total)}`}, label))
  return div("stack", parts)
}

function heat(rows, columns, cells, corner, titles = null) {
  const most = Math.max(1e-9, ...cells.flat().filter((cell) => cell !== null))
  const head = make("tr", {}, make("th", {}, corner), columns.map((name) => make("th", {scope: "col"}, name)))
  const body = rows.map((name, i) => make("tr", {}, make("th", {scope: "row"}, name), columns.map((_, j) => {
    const cell = cells[i][j], share = cell === null ? 0 : Math.max(0, cell / (titles ? 1 : most))
    return make("td", {style: `--v:${Math.round(100 * share)}%`, class: share > 0.55 ? "full" : null, title: titles?.[i][j] ?? null},
      cell === null ? "" : titles ? two(cell) : cell ? whole(cell) : "·")
  })))
  return make("table", {class: "heat"}, make("thead", {}, head), make("tbody", {}, body))
}

function progress(about) {
  const all = about.all, labels = about.labels
  const rows = all.graders.map((one) => make("tr", {}, make("th", {scope: "row"}, one.name), make("td", {class: "number"}, whole(one.n)),
    make("td", {class: "wide"}, meter(one.n, one.n + one.left, `${many(one.left, "item")} left`)), make("td", {class: "wide"}, stack(labels, one.labels))))
  const waiting = all.waiting.map((name) => make("tr", {class: "quiet"}, make("th", {scope: "row"}, name), make("td", {class: "number"}, "0"),
    make("td", {class: "wide"}, meter(0, 1)), make("td", {class: "said"}, "not begun")))
  return section("Graders", `${many(about.grades, "grade")}; of each: how far, and what they said`,
    make("table", {class: "rows"}, make("tbody", {}, rows, waiting)))
}

function standing(about) {
  const called = {object: "objects", repeat: "repeats", injected: "simulated lenses"}
  const rows = about.all.counts.map(([what, graded, retired, n]) => make("tr", {}, make("th", {scope: "row"}, called[what]),
    make("td", {class: "number"}, whole(n)), make("td", {class: "wide"}, meter(graded, n)), make("td", {class: "said"}, `${whole(graded)} graded`
      + (what === "repeat" ? "" : `, ${whole(retired)} retired`))))
  const why = Object.entries(about.all.why).map(([reason, n]) => `${whole(n)} by ${reason}`).join(", ")
  const without = about.all.not_injected ? make("p", {class: "note"}, `No simulated lenses: ${about.all.not_injected}.`) : null
  return section("Queue", why ? `retired: ${why}` : "nothing has retired yet", make("table", {class: "rows"}, make("tbody", {}, rows)), without)
}

function agreement(about) {
  const {names, pairs, fleiss, alpha, n_disputed: disputed} = about.all
  const facts = div("facts", [["Fleiss’ κ", fleiss, "all labels alike"], ["Krippendorff’s α", alpha, "labels in their order"]]
    .map(([name, value, title]) => make("span", {title}, name, make("b", {}, two(value)))),
    make("span", {title: "objects about which graders differ"}, "disputed", make("b", {}, whole(disputed))))
  if (!pairs.length) { return section("Agreement", "needs two graders of the same object", facts) }
  const cells = names.map(() => names.map(() => null)), titles = names.map(() => names.map(() => null))
  for (const [one, other, n, kappa, weighted] of pairs) {
    for (const [i, j] of [[names.indexOf(one), names.indexOf(other)], [names.indexOf(other), names.indexOf(one)]]) {
      cells[i][j] = weighted
      titles[i][j] = `${one} and ${other}: ${many(n, "item")} of both; κ ${two(kappa)}, weighted ${two(weighted)}`
    }
  }
  return section("Agreement", "Cohen’s κ of each two, quadratic weights", facts, heat(names, names, cells, "", titles))
}

function found(about) {
  const taken = (label) => about.labels.slice(about.labels.indexOf(label)).reverse().map((each) => chip(about.labels, each))
  const row = (one, name = null) => make("tr", {}, make("th", {scope: "row"}, taken(one.label), name ? make("span", {class: "by"}, name) : null),
    make("td", {}, div("share", share(one.completeness))), make("td", {}, div("share", share(one.purity))))
  const head = make("tr", {}, make("th"), make("th", {scope: "col"}, "Completeness"), make("th", {scope: "col", title:
    "Of what is taken, the simulated ones: a lower limit, for a real lens that is taken counts as a mistake"}, "Purity (at least)"))
  const each = about.all.graders.filter((one) => one.found.length).map((one) => row(one.found[Math.min(1, one.found.length - 1)], one.name))
  if (!about.all.found.length) { return null }
  return section("Simulated lenses", "found by consensus, and by each; 68 % intervals",
    make("table", {class: "rows found"}, make("thead", {}, head), make("tbody", {}, about.all.found.map((one) => row(one, "all")), each)))
}

function graders(about) {
  const cards = about.all.graders.map((one) => div("card", make("h4", {}, one.name), heat([...about.labels].reverse(), [...about.labels].reverse(),
    [...one.confusion].reverse().map((row) => [...row].reverse()), ""), div("under", make("span", {title: "against the others, quadratic weights"},
    `κ ${two(one.weighted)}`), make("span", {title: "repeats graded as the first time"}, one.repeats[1] ? `repeats ${whole(one.repeats[0])} of ${whole(one.repeats[1])}` : "no repeats"))))
  return cards.length ? section("Each grader", "rows: what the others agree on; columns: what they said", div("cards", cards)) : null
}

function disputed(about, tell) {
  const rows = about.all.disputed.map((one) => make("tr", {tabindex: "0", "data-id": one.id, title: "Click to bring it into focus"},
    make("th", {scope: "row"}, one.id), make("td", {}, one.said.map(([person, label]) => chip(about.labels, label, `${person} says ${label}`)))))
  if (!rows.length) { return null }
  const table = make("table", {class: "rows disputed", "aria-label": "Disputed objects"}, make("tbody", {}, rows))
  const press = (event) => { const row = event.target.closest("tr[data-id]"); if (row) { tell({focus: row.dataset.id}) } }
  table.addEventListener("click", press)
  table.addEventListener("keydown", (event) => walk(event, press))
  return section("Disputed", `the most disputed first${about.all.n_disputed > rows.length ? `, ${rows.length} of ${whole(about.all.n_disputed)}` : ""}`, table)
}

function walk(event, press) {
  const row = event.target.closest("tr")
  const next = {ArrowDown: row?.nextElementSibling, ArrowUp: row?.previousElementSibling}[event.key]
  if (next) { next.focus() } else if (row && (event.key === "Enter" || event.key === " ")) { press(event) } else { return }
  event.preventDefault()
  event.stopPropagation()
}

function detail(about, person, tell) {
  const rule = about.agreed ? `${many(about.enough, "grade")}, or the first ${about.agreed} equal` : many(about.enough, "grade")
  const order = about.order === "random" ? "in random order" : `by ${about.order.replace(/^-?score:/, "")}, ${about.order.startsWith("-") ? "lowest" : "highest"} first`
  const go = about.may && about.mine.left ? make("button", {class: "go", type: "button", onclick: () => tell({grade: true})}, "Go on grading") : null
  const head = make("header", {}, make("h2", {}, about.name), make("span", {class: "how"},
    `${about.desk}, ${many(about.items, "item")} ${order}; enough: ${rule}${about.by ? `; by ${about.by}` : ""}`), go)
  const mine = about.may && (about.mine.graded || !about.all) ? section("You", about.mine.left ? `${many(about.mine.left, "item")} left` : "nothing is left",
    make("table", {class: "rows"}, make("tbody", {}, make("tr", {}, make("th", {scope: "row"}, about.mine.name), make("td", {class: "number"}, whole(about.mine.graded)),
    make("td", {class: "wide"}, meter(about.mine.graded, about.mine.graded + about.mine.left)), make("td", {class: "wide"}, stack(about.labels, about.mine.labels)))))) : null
  if (!about.all) {
    return [head, mine, make("p", {class: "note"}, "What others say, and what has come of it, is shown when the campaign is done.")]
  }
  return [head, div("columns", standing(about), progress(about), found(about), make("div", {}, agreement(about), graders(about)), disputed(about, tell))]
}

// ---- the form of a new campaign

function field(label, input, title = "") {
  return make("label", {title}, make("span", {}, label), input)
}

function form(tell, close) {
  const number = (name, value, most, unit = "") => make("input", {name, type: "number", value, min: 0, max: most, step: 1, inputmode: "numeric"})
  const desk = make("select", {name: "desk"}), order = make("select", {name: "order"}), of = make("p", {class: "of"})
  const names = make("datalist", {id: "graders"}), fault = make("p", {class: "fault", role: "alert"})
  const feedback = make("input", {name: "feedback", type: "checkbox"}), send = make("button", {type: "submit"}, "Make it")
  const node = make("form", {class: "new", hidden: true, "aria-label": "New campaign"}, of,
    div("fields", field("Name", make("input", {name: "name", required: true, maxlength: 80, autocomplete: "off"})), field("Desk", desk),
      field("Order", order), field("At most", number("n", "", 1e7), "empty for all of them"),
      field("Repeats, %", number("repeats", 5, 100), "objects that are shown again to the same person, who isn't told"),
      field("Simulated lenses, %", number("injected", 5, 100), "lenses of known truth among the others"),
      field("Enough grades", number("enough", 6, 99)), field("… or equal from the first", number("agreed", 0, 99), "0 for never"),
      field("Graders", make("input", {name: "graders", list: "graders", autocomplete: "off", placeholder: "everybody"}), "names, with spaces between them"), names,
      make("label", {class: "tick", title: "whether a grader is told, afterwards, that it was a simulated one"}, feedback, "tell of simulated ones")),
    fault, div("buttons", make("button", {type: "button", class: "plain", onclick: close}, "Cancel"), send))
  node.addEventListener("submit", (event) => {
    event.preventDefault()
    fault.textContent = ""
    tell({make: {...Object.fromEntries(new FormData(node)), feedback: feedback.checked}})
  })
  node.addEventListener("keydown", (event) => { if (event.key === "Escape") { close() } event.stopPropagation() })
  let known = ""
  const follow = (given) => {
    of.textContent = `Of the ${given.of}`
    if (JSON.stringify([given.desks, given.columns, given.graders]) !== known) {
      known = JSON.stringify([given.desks, given.columns, given.graders])
      const option = (value, text) => make("option", {value}, text)
      desk.replaceChildren(...given.desks.map((name) => option(name, name === "lenses" ? "Lenses" : "Spectra")))
      order.replaceChildren(option("random", "random"), ...given.columns.flatMap(([name, title]) => [option(`score:${name}`, `${title}, highest first`), option(`-score:${name}`, `${title}, lowest first`)]))
      names.replaceChildren(...given.graders.map((name) => option(name, name)))
      injectedFits()
    }
  }
  const injectedFits = () => { // there are no simulated spectra
    const input = node.elements.injected, fits = desk.value === "lenses"
    input.disabled = !fits
    input.closest("label").hidden = feedback.closest("label").hidden = !fits
  }
  desk.addEventListener("change", injectedFits)
  return {node, follow, fault, send}
}

export function render({model, el}) {
  const tell = (message) => model.send_msg(message)
  const body = make("tbody"), about = div("about"), nothing = div("empty", make("strong"), make("span"))
  const close = () => { made.node.hidden = true; fresh.hidden = !model.content.form }
  const fresh = make("button", {class: "fresh", type: "button", hidden: true, onclick: () => {
    made.node.hidden = false
    fresh.hidden = true
    made.node.elements.name.focus()
  }}, "New campaign")
  const made = form(tell, close)
  const table = make("table", {"aria-label": "Campaigns"}, body), list = div("list", table)
  el.append(div("page", div("top", list, fresh), made.node, div("scroll", about, nothing)))

  const line = (one) => {
    const share = one.of === undefined ? [make("td", {class: "wide"}, meter(one.mine, one.items)), make("td", {class: "said"}, `${whole(one.mine)} by you`)]
      : [make("td", {class: "wide"}, meter(one.retired, one.of)), make("td", {class: "said"}, `${whole(one.retired)} of ${whole(one.of)} retired`)]
    return make("tr", {tabindex: "0", "data-name": one.name, "aria-selected": String(one.name === model.content.chosen)},
      make("th", {scope: "row"}, one.name), make("td", {class: "desk"}, one.desk), ...share,
      make("td", {class: "state"}, one.done ? "done" : one.graders === undefined ? "" : many(one.graders, "grader")), make("td", {class: "made"}, one.made))
  }
  const choose = (event) => { const row = event.target.closest("tr[data-name]"); if (row) { tell({choose: row.dataset.name}) } }
  list.addEventListener("click", choose)
  list.addEventListener("keydown", (event) => walk(event, choose))

  const show = () => {
    const content = model.content
    if (!content.list) { return }
    const had = body.querySelector("tr:focus")?.dataset.name, at = about.querySelector("tr:focus")?.dataset.id
    body.replaceChildren(...content.list.map(line))
    list.hidden = !content.list.length
    about.replaceChildren(...(content.about ? detail(content.about, content.person, tell) : []).filter(Boolean))
    nothing.hidden = Boolean(content.about)
    nothing.children[0].textContent = "No campaigns yet"
    nothing.children[1].textContent = content.hint
    if (content.form) { made.follow(content.form) }
    fresh.hidden = !content.form || !made.node.hidden
    if (!content.form) { made.node.hidden = true }
    const again = [...body.children].find((row) => row.dataset.name === had) ?? [...about.querySelectorAll("tr[data-id]")].find((row) => row.dataset.id === at)
    if (had || at) { again?.focus() }
  }
  const busy = () => {
    made.send.disabled = Boolean(model.making)
    made.send.textContent = model.making ? "Making it …" : "Make it"
    made.node.classList.toggle("busy", Boolean(model.making))
  }
  model.on("content", show)
  model.on("making", busy)
  model.on("msg:custom", (event) => {
    const data = event.data ?? event
    if (data.fault) { made.node.hidden = false; made.fault.textContent = data.fault }
    if (data.made) { made.node.reset(); close() }
  })
  show()
  busy()
}
