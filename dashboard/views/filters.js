// The browser's side of the filters: histograms whose ends are dragged, lists of classes. What passes is counted by the server.

const HEIGHT = 40
const STEPS = 200 // of an arrow key from end to end
const FIELD = "Drag an end, the range, or a new range; double click lets everything pass. Heights are the roots of the counts"
const SVG = "http://www.w3.org/2000/svg"

function make(tag, attributes = {}, ...children) {
  const element = ["svg", "path", "rect"].includes(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    name.startsWith("on") ? element.addEventListener(name.slice(2), value) : element.setAttribute(name, value)
  }
  element.append(...children)
  return element
}

const count = (n) => n.toLocaleString("en")
const clamp = (value, low, high) => Math.min(Math.max(value, low), high)

/* Steps over the bins, as high as the roots of the counts, so that one high bin does not flatten the rest; in bins and pixels. */
function outline(counts, most) {
  const heights = counts.map((n) => n ? Math.max(1.2, HEIGHT * Math.sqrt(n / most)) : 0)
  return `M0 ${HEIGHT}` + heights.map((h, k) => `V${(HEIGHT - h).toFixed(1)}H${k + 1}`).join("") + `V${HEIGHT}Z`
}

class Column {
  constructor(list, about) {
    this.list = list
    this.name = about.name
    this.title = make("span", {class: "title", title: about.tip}, about.title)
    this.reset = make("button", {type: "button", "aria-label": `Reset ${about.title}`, title: "Let everything pass", onclick: () => this.open()},
                      "reset")
    const remove = make("button", {type: "button", "aria-label": `Remove the filter ${about.title}`, title: "Remove this filter",
                                   onclick: () => list.say("remove", {name: this.name})}, "×")
    this.el = make("section", {class: "column", "aria-label": about.title},
                   make("div", {class: "top"}, this.title, this.reset, remove))
  }
}

class Span extends Column {
  constructor(list, about) {
    super(list, about)
    this.all = make("path", {class: "all"})
    this.passing = make("path", {class: "passing"})
    this.shade = [make("div", {class: "shade"}), make("div", {class: "shade"})]
    this.plot = make("svg", {preserveAspectRatio: "none", "aria-hidden": "true"}, this.all, this.passing)
    this.handles = ["low", "high"].map((end) => make("div", {class: `handle ${end}`, role: "slider", tabindex: 0,
      "aria-label": `${about.title}, ${end === "low" ? "from" : "to"}`, onkeydown: (event) => this.key(event, end)}))
    this.field = make("div", {class: "field", title: FIELD,
                              onpointerdown: (event) => this.grab(event), ondblclick: () => this.open()}, this.plot, ...this.shade,
                      ...this.handles)
    this.boxes = ["low", "high"].map((end) => make("input", {type: "text", inputmode: "decimal", spellcheck: "false", autocomplete: "off",
      "aria-label": `${about.title}, ${end === "low" ? "at least" : "at most"}`, onchange: (event) => this.typed(event.target, end)}))
    this.el.append(this.field, make("div", {class: "ends"}, ...this.boxes))
    this.show(about)
  }

  show(about) {
    this.about = about
    const {all, passing, low, high} = about, most = Math.max(1, ...all)
    this.plot.setAttribute("viewBox", `0 0 ${all.length} ${HEIGHT}`)
    this.all.setAttribute("d", outline(all, most))
    this.passing.setAttribute("d", outline(passing, most))
    if (!this.dragging) {
      [this.low, this.high] = [low, high]
      this.place()
    }
  }

  // a whole number's bin reaches half beyond it
  get pad() { return this.about.whole ? 0.5 : 0 }
  at(value) { return clamp((value - this.about.start) / (this.about.stop - this.about.start), 0, 1) }
  get from() { return this.low == null ? 0 : this.at(this.low - this.pad) }
  get to() { return this.high == null ? 1 : this.at(this.high + this.pad) }

  place() {
    const {start, stop} = this.about, places = [this.from, this.to]
    this.handles.forEach((handle, k) => {
      const value = [this.low, this.high][k]
      handle.style.left = `${100 * places[k]}%`
      handle.setAttribute("aria-valuemin", start)
      handle.setAttribute("aria-valuemax", stop)
      handle.setAttribute("aria-valuenow", value ?? (k ? stop : start))
      handle.setAttribute("aria-valuetext", value ?? (k ? "open above" : "open below"))
      this.boxes[k].value = value ?? ""
      this.boxes[k].placeholder = this.text(k ? stop - this.pad : start + this.pad)
    })
    this.shade[0].style.width = `${100 * places[0]}%`
    this.shade[1].style.width = `${100 * (1 - places[1])}%`
    this.reset.hidden = this.low == null && this.high == null
  }

  get step() { return this.about.whole ? 1 : 10 ** Math.floor(Math.log10((this.about.stop - this.about.start) / STEPS)) }
  text(value) { return String(this.round(value)) }
  round(value) { return Number((Math.round(value / this.step) * this.step).toPrecision(10)) }

  /* Fractions of the field become values; an end at the edge is open. */
  set(from, to, gesture) {
    const {start, stop} = this.about, value = (place) => start + place * (stop - start)
    if (from > to) { [from, to] = [to, from] }
    this.low = from <= 0.002 ? null : this.round(value(from) + this.pad)
    this.high = to >= 0.998 ? null : this.round(value(to) - this.pad)
    if (this.low != null && this.high != null && this.low > this.high) { this.high = this.low }
    this.place()
    this.list.ask({name: this.name, low: this.low, high: this.high, gesture})
  }

  open() {
    this.low = this.high = null
    this.place()
    this.list.ask({name: this.name, low: null, high: null, gesture: ""})
  }

  grab(event) {
    if (event.button !== 0) { return }
    const box = this.field.getBoundingClientRect(), where = (e) => clamp((e.clientX - box.left) / box.width, 0, 1)
    const begun = where(event), {from, to} = this, near = 9 / box.width, gesture = `${this.name} ${++this.list.gestures}`
    const open = this.low == null && this.high == null
    const move = event.target === this.handles[0] || Math.abs(begun - from) < near ? (at) => [at, to]
      : event.target === this.handles[1] || Math.abs(begun - to) < near ? (at) => [from, at]
      : !open && begun > from && begun < to ? (at) => this.shift(from, to, at - begun)
      : (at) => [begun, at]
    this.dragging = true
    this.field.setPointerCapture(event.pointerId)
    const moved = (e) => { if (Math.abs(where(e) - begun) * box.width > 2) { this.set(...move(where(e)), gesture) } }
    const done = () => {
      this.dragging = false
      this.field.removeEventListener("pointermove", moved)
    }
    this.field.addEventListener("pointermove", moved)
    this.field.addEventListener("pointerup", done, {once: true})
    this.field.addEventListener("pointercancel", done, {once: true})
    event.preventDefault()
    this.handles.includes(event.target) && event.target.focus()
  }

  shift(from, to, by) {
    by = clamp(by, -from, 1 - to)
    return [from + by, to + by]
  }

  key(event, end) {
    const by = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -1e9, End: 1e9}[event.key]
    if (!by) { return }
    event.preventDefault()
    const step = this.about.whole ? 1 / (this.about.stop - this.about.start) : 1 / STEPS, moved = by * step
    const gesture = `${this.name} ${end} by keys`
    end === "low" ? this.set(clamp(this.from + moved, 0, this.to), this.to, gesture)
      : this.set(this.from, clamp(this.to + moved, this.from, 1), gesture)
  }

  typed(box, end) {
    const text = box.value.trim().replace("−", "-"), value = text === "" ? null : Number(text)
    if (Number.isNaN(value)) { return this.place() }
    this[end] = value
    this.list.ask({name: this.name, low: this.low, high: this.high, gesture: ""})
  }
}

class Choice extends Column {
  constructor(list, about) {
    super(list, about)
    this.items = make("div", {class: "items", role: "group", "aria-label": about.title})
    this.el.append(this.items)
    this.show(about)
  }

  show(about) {
    this.about = about
    this.reset.hidden = about.items.every(({on}) => on)
    if (about.items.length !== this.items.childElementCount) {
      this.items.replaceChildren(...about.items.map(({key}, k) => make("div", {class: "item"},
        make("label", {}, make("input", {type: "checkbox", onchange: () => this.toggle(k)}), make("span", {class: "label"}),
             make("span", {class: "number"})),
        make("button", {type: "button", onclick: () => this.only(k)}, "only"))))
    }
    const most = Math.max(1, ...about.items.map(({all}) => all))
    about.items.forEach(({name, on, all, passing}, k) => {
      const item = this.items.children[k], [box, label, number] = item.firstElementChild.children
      box.checked = on
      label.textContent = name
      number.textContent = count(passing)
      number.title = `${count(passing)} of ${count(all)} pass the other filters`
      item.lastElementChild.setAttribute("aria-label", `Only ${name}`)
      item.style.setProperty("--all", `${100 * all / most}%`)
      item.style.setProperty("--passing", `${100 * passing / most}%`)
    })
  }

  send(kept) { this.list.ask({name: this.name, kept: this.about.items.filter((_, k) => kept[k]).map(({key}) => key), gesture: ""}) }
  toggle(k) { this.send(this.about.items.map(({on}, j) => j === k ? !on : on)) }
  only(k) { this.send(this.about.items.map((_, j) => j === k)) }
  open() { this.send(this.about.items.map(() => true)) }
}

class List {
  constructor(model, el) {
    this.model = model
    this.say = (what, more = {}) => model.send_msg({do: what, ...more})
    this.columns = new Map()
    this.gestures = 0
    const button = (text, title, what) => make("button", {type: "button", title, onclick: () => this.say(what)}, text)
    this.number = make("output", {class: "count", "aria-live": "polite"})
    this.reset = button("Reset all", "Let everything pass", "reset")
    this.select = button("Select these", "Turn the filters into a selection, joined in the mode that is set", "select")
    this.rest = make("div", {class: "rest"})
    this.body = make("div", {class: "body"})
    this.more = make("select", {"aria-label": "Add a filter", onchange: () => {
      this.say("add", {name: this.more.value})
      this.more.value = ""
    }})
    el.replaceChildren(make("div", {class: "filters"},
      make("div", {class: "head"}, make("div", {}, make("strong", {}, "Filters"), this.number), make("div", {}, this.reset, this.select)),
      this.rest, this.body, this.more))
    model.on("content", () => this.show())
    this.show()
  }

  show() {
    const {columns, passing, total, open, rest, available} = this.model.content
    this.waiting = false
    this.number.textContent = total == null ? "" : open ? `all ${count(total)} objects pass` : `${count(passing)} of ${count(total)} pass`
    this.reset.disabled = this.select.disabled = open
    this.rest.hidden = !rest
    this.rest.textContent = rest ? `and ${rest}` : ""
    for (const about of columns) {
      const known = this.columns.get(about.name)
      known ? known.show(about) : this.columns.set(about.name, new (about.items ? Choice : Span)(this, about))
    }
    const names = columns.map(({name}) => name)
    for (const name of [...this.columns.keys()]) { names.includes(name) || this.columns.delete(name) }
    const wanted = names.map((name) => this.columns.get(name).el)
    if (wanted.length !== this.body.childElementCount || wanted.some((el, k) => el !== this.body.children[k])) {
      this.body.replaceChildren(...wanted)
    }
    if (available !== this.offered) {
      this.offered = available
      this.more.replaceChildren(make("option", {value: ""}, "Add a filter …"),
                                ...available.map(([name, title]) => make("option", {value: name}, title)))
    }
    if (this.next) {
      const next = this.next
      this.next = null
      this.ask(next)
    }
  }

  /* One question at a time; while the server counts, only the last place of a drag is kept. */
  ask(filter) {
    if (this.waiting && (!this.next || this.next.name === filter.name)) {
      this.next = filter
      return
    }
    this.waiting = true
    this.say("filter", filter)
  }
}

export function render({model, el}) {
  new List(model, el)
}
