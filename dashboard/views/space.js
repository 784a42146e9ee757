// Sliders of the latents, the nearest objects, and the path from one place to another. Nothing is computed here: wishes go to
// the server one at a time, and what it answers is shown.

const PATIENCE_MS = 1500, STEP_MS = 260

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) { node.addEventListener(name.slice(2), value) }
    else if (value !== null && value !== false) { node.setAttribute(name, value) }
  }
  node.append(...children.filter((child) => child !== null))
  return node
}

const near = (distance) => distance < 10 ? distance.toFixed(2) : distance.toPrecision(3)

class Desk {
  constructor(model, el) {
    this.model = model
    this.asked = 0
    this.waiting = false
    this.mode = "sliders"
    this.objects = make("div", {class: "near", role: "group", "aria-label": "Nearest objects"})
    this.sliders = make("div", {class: "sliders"})
    this.path = make("div", {class: "path"})
    this.modes = ["sliders", "path"].map((mode) => make("button", {class: "chip", "aria-pressed": mode === this.mode,
      onclick: () => this.turn(mode)}, mode === "sliders" ? "Sliders" : "Path"))
    this.to_focus = make("button", {class: "chip", title: "Go to the object in focus, marked on each slider",
      onclick: () => this.tell({to: "focus"})}, "To the focus")
    this.to_median = make("button", {class: "chip", title: "Go to the median of every latent",
      onclick: () => this.tell({to: "median"})}, "To the median")
    const modes = make("span", {class: "joined", role: "group", "aria-label": "Move by"}, ...this.modes)
    el.append(make("div", {class: "space"},
      make("div", {class: "name"}, "Nearest objects, and how far they are in the space of latents"), this.objects,
      make("div", {class: "tools"}, modes, make("span", {class: "gap"}), this.to_focus, this.to_median),
      this.sliders, this.path))
    for (const [name, does] of Object.entries({axes: this.build, point: this.move, focus: this.mark, near: this.list,
                                               path: this.lay, can: this.allow})) {
      model.on(name, () => does.call(this))
    }
    this.build_path()
    this.build(); this.list(); this.lay(); this.allow(); this.turn(model.path.from || model.path.to ? "path" : "sliders")
  }

  tell(message) { this.model.send_msg(message) }

  turn(mode) {
    this.mode = mode
    this.sliders.hidden = mode !== "sliders"
    this.path.hidden = mode !== "path"
    this.modes.forEach((button, k) => button.setAttribute("aria-pressed", ["sliders", "path"][k] === mode))
    if (mode !== "path") { this.stop() }
  }

  // ---- wishes: one under way, the latest kept

  wish(message) {
    if (this.waiting) { this.kept = message; return }
    this.waiting = true
    this.asked += 1
    this.tell({...message, number: this.asked})
    clearTimeout(this.patience)
    this.patience = setTimeout(() => this.answered(), PATIENCE_MS)
  }

  answered() {
    clearTimeout(this.patience)
    this.waiting = false
    const kept = this.kept
    this.kept = null
    if (kept) { this.wish(kept) }
  }

  // ---- sliders

  build() {
    const {names = [], low, below, above, high} = this.model.axes
    this.rows = names.map((name, k) => {
      const label = `Latent ${name.replace("latent_", "")}`
      const share = (value) => Math.min(Math.max((value - low[k]) / (high[k] - low[k]), 0), 1)
      const slide = make("input", {type: "range", min: low[k], max: high[k], step: "any", "aria-label": label,
                                   oninput: () => this.dragged(k)})
      slide.step = (high[k] - low[k]) / 400
      const half = make("i", {class: "half", style: `--at:${share(below[k])}; --wide:${share(above[k]) - share(below[k])}`})
      const mark = make("i", {class: "mark", hidden: ""})
      const value = make("output", {class: "value"})
      const row = make("label", {class: "slide", title: `${label}; the thick stretch holds two thirds of all objects`},
        make("span", {class: "number"}, name.replace("latent_", "")), make("span", {class: "track"}, half, mark, slide), value)
      return {row, slide, mark, value, share}
    })
    this.sliders.replaceChildren(...this.rows.map(({row}) => row))
    this.move()
    this.mark()
  }

  dragged(k) {
    this.values[k] = Number(this.rows[k].slide.value)
    this.rows[k].value.textContent = this.values[k].toFixed(2)
    this.wish({move: [...this.values]})
  }

  move() {
    const {latents, number} = this.model.point
    if (!latents) { return }
    if (number > 0 && number === this.asked) { this.answered() }
    if (this.waiting) { return }  // a hand is on the slider
    this.values = [...latents]
    this.rows.forEach(({slide, value}, k) => {
      if (Math.abs(Number(slide.value) - latents[k]) > 1e-9) { slide.value = latents[k] }
      value.textContent = latents[k].toFixed(2)
    })
  }

  mark() {
    const focus = this.model.focus
    this.rows.forEach(({mark, share}, k) => {
      mark.hidden = !focus.length
      if (focus.length) { mark.style.setProperty("--at", share(focus[k])) }
    })
  }

  // ---- objects

  list() {
    this.objects.replaceChildren(...this.model.near.map(([id, text, distance]) =>
      make("button", {class: "object", title: `${id}: put it into focus`, "data-id": id, onclick: () => this.tell({focus: id})},
        make("span", {}, text), make("b", {}, near(distance)))))
  }

  // ---- path

  build_path() {
    const end = (name, slot) => {
      const said = make("span", {class: "end"})
      const button = (from, text, title) => make("button", {class: "chip", title, "data-from": from,
        onclick: () => this.tell({end: name, from})}, text)
      const buttons = [button("focus", "Focus", "The object in focus"), button("here", "Here", "The place that is shown"),
                       button(slot, `Slot ${slot.toUpperCase()}`, `The object in the middle of slot ${slot.toUpperCase()}: nearest to all others`)]
      const line = make("div", {class: "line", role: "group", "aria-label": name === "from" ? "Start of the path" : "End of the path"},
        make("span", {class: "name"}, name === "from" ? "From" : "To"), said, ...buttons)
      return {line, said, buttons}
    }
    this.ends = {from: end("from", "a"), to: end("to", "b")}
    this.play = make("button", {class: "chip play", onclick: () => this.playing ? this.stop() : this.start()}, "Play")
    this.frame = make("input", {type: "range", min: 0, max: 1, step: 1, "aria-label": "Frame of the path",
                                oninput: () => this.go(Number(this.frame.value))})
    this.strip = make("div", {class: "strip", role: "group", "aria-label": "Frames, and the nearest object of each"})
    this.way = make("div", {class: "way"}, make("div", {class: "line"}, this.play, this.frame), this.strip)
    this.hint = make("div", {class: "hint"}, "Choose both ends: objects in focus, places, or the slots of kept selections.")
    this.path.append(this.ends.from.line, this.ends.to.line, this.hint, this.way)
  }

  lay() {
    const {from = "", to = "", frames = [], at = -1} = this.model.path
    for (const [name, text] of [["from", from], ["to", to]]) {
      this.ends[name].said.textContent = text || "—"
      this.ends[name].said.title = text
    }
    this.way.hidden = !frames.length
    this.hint.hidden = frames.length > 0
    this.frame.max = Math.max(frames.length - 1, 1)
    if (!this.waiting) { this.frame.value = Math.max(at, 0) }
    this.strip.style.gridTemplateColumns = `repeat(${frames.length || 1}, minmax(0, 1fr))`
    this.strip.replaceChildren(...frames.map(([id, text, distance], k) =>
      make("button", {class: "frame", "aria-current": k === at ? "true" : null, title: `${id}, ${near(distance)} away`,
                      onclick: () => this.go(k)},
        ...text.split(" ").slice(0, 2).map((word) => make("span", {}, word)), make("b", {}, near(distance)))))
    if (from || to) { this.turn("path") }
  }

  go(k) {
    this.frame.value = k
    this.wish({frame: k})
  }

  start() {
    const last = (this.model.path.frames ?? []).length - 1
    let k = this.model.path.at >= last ? -1 : this.model.path.at
    this.play.textContent = "Pause"
    this.playing = setInterval(() => {
      if (this.waiting) { return }
      k += 1
      this.go(k)
      if (k >= last) { this.stop() }
    }, STEP_MS)
  }

  stop() {
    clearInterval(this.playing)
    this.playing = null
    this.play.textContent = "Play"
  }

  allow() {
    const can = this.model.can
    this.to_focus.disabled = !can.focus
    for (const {buttons} of Object.values(this.ends)) {
      buttons.forEach((button) => { button.disabled = button.dataset.from !== "here" && !can[button.dataset.from] })
    }
  }
}

export function render({model, el}) {
  const desk = new Desk(model, el)
  model.on("remove", () => { desk.stop(); clearTimeout(desk.patience) })
}
