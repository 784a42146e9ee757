// Keys for the whole page, and a badge that says on what they act: the figure in force, or the text field being typed in.

const TEXT = "textarea, select, [contenteditable=true], [role=textbox], " +
  "input:not([type=checkbox]):not([type=radio]):not([type=range]):not([type=button]):not([type=submit])"
const OWN_ALL = "[role=menu], [role=listbox], [role=dialog], [role=combobox], [role=menuitem], [role=option]"
const OWN_ARROWS = "input[type=range], input[type=radio], [role=slider], [role=tab], [role=radio], [role=grid], .tabulator"
const OWN_ENTER = "button:not(.cell), a" // a cell of a mosaic is marked by the desk
const MOVES = /^(Arrow|Home|End|Page)/
const SENTENCE = {map: "Map", spectrum: "Spectrum", sky: "Sky", lenses: "Lens desk", spectra: "Spectra desk"}
const desks = new Map() // by name the element of each desk on the page, as it says itself
const STEP = 0.2 // of what is in view, by which a figure is moved or taken closer

/* How the table of keys writes a press. */
export function press_of(event) {
  const letter = /^[a-zA-Z]$/.test(event.key)
  const shift = event.shiftKey && (letter || MOVES.test(event.key) || event.key === "Enter") ? "Shift+" : ""
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + shift + (letter ? event.key.toLowerCase() : event.key === "=" ? "+" : event.key)
}

/* Whether a key means something else where it was pressed. */
export function taken(path, key) {
  const on = (rule) => path.some((node) => node.matches?.(rule))
  return path[0].matches?.(key === "Enter" ? `${TEXT}, ${OWN_ENTER}` : TEXT) || on(OWN_ALL) || (MOVES.test(key) && on(OWN_ARROWS))
}

function* everything(root) {
  for (const node of root.querySelectorAll("*")) {
    yield node
    if (node.shadowRoot) { yield* everything(node.shadowRoot) }
  }
}

const name_of = (node) => node.getAttribute("aria-label") || node.labels?.[0]?.innerText || node.title || node.innerText || ""

function find(rule, name) {
  for (const node of everything(document)) {
    if (node.matches(rule) && name_of(node).trim() === name && node.getClientRects().length && !node.disabled) { return node }
  }
}

/* The figures and desks on the page that keys can act on, by kind. */
function figures() {
  const found = [...desks].filter(([, el]) => el.getClientRects().length).map(([name, el]) => ({kind: name, name, el}))
  for (const doc of window.Bokeh?.documents ?? []) {
    for (const model of doc._all_models?.values() ?? []) {
      const kind = model.type === "Figure" && typeof model.name === "string" ? model.name.split(/[^a-z]/)[0] : ""
      if (!(kind in SENTENCE)) { continue }
      const view = window.Bokeh.index.find_one(model)
      if (!view?.el?.getClientRects().length) { continue }
      const owner = found.find(({name}) => name === model.name.split(" ")[1]) // a desk's own figure is in force with it
      owner ? Object.assign(owner, {model, view}) : found.push({kind, name: model.name, model, view})
    }
  }
  return found.sort((one, other) => one.name.localeCompare(other.name))
}

function act(figure, what) {
  const {model, view, kind} = figure
  if (!model) { return }
  if (what === "whole") {
    if (kind === "spectrum" || kind === "spectra") { window.dispatchEvent(new CustomEvent("atlas-spectrum", {detail: "reset zoom"})) }
    view.reset_range()
    return
  }
  const along = {left: [-STEP, 0], right: [STEP, 0], up: [0, STEP], down: [0, -STEP]}[what] ?? [0, 0]
  const factor = {closer: 1 - STEP, farther: 1 / (1 - STEP)}[what] ?? 1
  const ranges = kind === "spectrum" || kind === "spectra" ? [model.x_range] : [model.x_range, model.y_range]
  ranges.forEach((range, k) => {
    const middle = (range.start + range.end) / 2 + along[k] * (range.end - range.start)
    const half = factor * (range.end - range.start) / 2
    range.setv({start: middle - half, end: middle + half})
  })
  view.trigger_ranges_update_event()
}

export function render({model, el}) {
  const badge = document.createElement("span")
  badge.className = "mode"
  badge.setAttribute("role", "status")
  badge.title = "What the keys act on: ? shows them, m goes on to the next figure"
  el.append(badge)
  const keys = new Map(model.keys.map(([press, how, what, desk]) => [desk + press, {how, what}]))
  let wanted = "map", text = false
  const figure = () => {
    const all = figures()
    return all.find(({name}) => name === wanted) ?? all.find(({name}) => !desks.has(name))
  }
  const desk = () => desks.has(wanted) && desks.get(wanted).getClientRects().length ? wanted : ""
  const say = () => {
    const here = figure(), number = figures().filter(({kind}) => kind === here?.kind).length
    const which = number > 1 ? ` ${here.name.match(/\d+/)?.[0] ?? 1}` : ""
    badge.textContent = text ? "Text" : SENTENCE[here?.kind] ? SENTENCE[here.kind] + which : "Page"
    badge.dataset.mode = text ? "text" : here?.kind ?? "page"
    window.dispatchEvent(new CustomEvent("atlas-in-force", {detail: text ? "" : desk()}))
  }
  const does = {
    do: (what) => model.send_msg({what, figure: figure()?.name ?? ""}),
    spectrum: (what) => window.dispatchEvent(new CustomEvent("atlas-spectrum", {detail: what})),
    click: (what) => find("button, [role=button], a", what)?.click(),
    desk: (what) => window.dispatchEvent(new CustomEvent("atlas-desk-do", {detail: {desk: desk(), what}})),
    focus: (what) => { const field = find("input, textarea", what); field?.focus(); field?.select?.() },
    figure: (what) => {
      const here = figure()
      if (what === "next") {
        const all = figures(), at = all.findIndex(({name}) => name === here?.name)
        wanted = all[(at + 1) % all.length]?.name ?? wanted
        say()
      } else if (here) {
        act(here, what)
      }
    },
  }
  const pressed = (event) => {
    if (event.defaultPrevented || event.altKey || event.isComposing) { return }
    const path = event.composedPath(), press = press_of(event), key = keys.get(desk() + press) ?? keys.get(press)
    if (press === "Escape" && path[0].matches?.(TEXT)) { path[0].blur(); return }
    if (press === "Escape" && desk()) { wanted = "map"; say(); return } // the page has its keys again
    if (!key || taken(path, event.key)) { return }
    event.preventDefault()
    does[key.how](key.what)
  }
  const typing = () => {
    let active = document.activeElement
    while (active?.shadowRoot?.activeElement) { active = active.shadowRoot.activeElement }
    text = active?.matches(TEXT) ?? false
    say()
  }
  const pointed = (event) => {
    const path = event.composedPath()
    const hit = figures().find(({view, el}) => path.includes(el) || path.includes(view?.el))
    if (hit) { wanted = hit.name; say() }
  }
  const manned = ({detail: {name, el}}) => {
    el ? desks.set(name, el) : desks.delete(name)
    if (el) { wanted = name }
    say()
  }
  window.addEventListener("atlas-desk", manned)
  const soon = () => requestAnimationFrame(typing)
  const listeners = [["keydown", pressed], ["pointerdown", pointed], ["focusin", soon], ["focusout", soon]]
  listeners.forEach(([name, listener]) => document.addEventListener(name, listener))
  const look = setInterval(() => { say(); label() }, 1000)
  model.on("remove", () => {
    listeners.forEach(([name, listener]) => document.removeEventListener(name, listener))
    window.removeEventListener("atlas-desk", manned)
    clearInterval(look)
  })
  say()
}

/* Figures say to those who cannot see them what they show; a control without a label is called by its tooltip. */
function label() {
  for (const doc of window.Bokeh?.documents ?? []) {
    for (const model of doc._all_models?.values() ?? []) {
      if (model.type === "Figure") {
        label_figure(model, window.Bokeh.index.find_one(model)?.el)
      } else if (model.data?.attributes?.description && !model.data.attributes.label) {
        label_control(window.Bokeh.index.find_one(model)?.el, model.data.attributes.description)
      }
    }
  }
}

function label_figure(model, el) {
  if (!el || el.hasAttribute("aria-label")) { return }
  const axis = (side) => [...(model[side] ?? [])].map(({axis_label}) => axis_label).find((words) => words) ?? ""
  const [x, y] = [axis("below"), axis("left") || (model.title?.text ?? "")]
  el.setAttribute("role", "figure")
  el.setAttribute("aria-label", (x && y ? `${y} over ${x}` : x || y || model.name || "Figure").trim())
}

function label_control(el, words) {
  for (const node of el?.shadowRoot?.querySelectorAll("[role=combobox], input, textarea, button") ?? []) {
    const named = node.hasAttribute("aria-label") || node.labels?.length || node.title || node.innerText?.trim()
    if (!named || node.matches("[role=combobox]:not([aria-label])")) { node.setAttribute("aria-label", words) }
  }
}
