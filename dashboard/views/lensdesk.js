// The lens desk. Follows desk.js, with which it is one script: an object's pictures, the mosaic, grades and contaminants.

const SVG = "http://www.w3.org/2000/svg"
const SIDE = 10, PAGE = SIDE * SIDE
const SIGNS = {candidate: "✓", interesting: "★"}
const LOOKS = {invert: "inverted", smooth: "smooth", residual: "residual"}
const COMPASS = `<svg class="compass" viewBox="0 0 24 24" role="img" aria-label="north up, east left">
  <path d="M18 20 V5 M15.5 8 L18 4.5 L20.5 8 M18 20 H4 M7 17.5 L3.5 20 L7 22.5"/><text x="10.5" y="9">N</text><text x="3.5" y="15">E</text></svg>`

class LensDesk extends Desk {
  constructor(model, el) {
    super(model, el, "lenses")
  }

  build(el) {
    super.build(el)
    Object.assign(this, {main: 0, inverted: false, smooth: false, residual: true, mosaic: false, cells: new Map(), pages: new Map(), page: 0, cursor: 0})
    const {grades, contaminants} = this.model.words
    const says = (node, ...marks) => { node.dataset.says = marks.join(" "); return node }
    this.verdicts.append(
      make("div", {class: "grades"}, ...grades.map(([word, meaning, key]) =>
        says(this.button(`grade ${word}`, word, key, meaning, `grade grade-${word}`), word))),
      make("div", {class: "kinds", "aria-label": "Not a lens but"}, ...contaminants.map(([word, meaning, key]) =>
        says(this.button(`kind ${word}`, meaning, key, `Not a lens: ${meaning}`), word))),
      make("div", {class: "marks"}, says(this.button("mark candidate", "candidate", "Enter", "Candidate (a click)"), "candidate"),
        says(this.button("mark interesting", "interesting", "⇧ Enter", "Interesting (a click with Shift)"), "interesting"),
        this.button("rest", "all others X", "⇧ X", "None of the others on this page is a lens")))
    this.one_chip = this.chip("mosaic", "one", "v", "One by one")
    this.mosaic_chip = this.chip("mosaic", "mosaic", "v", "Mosaic of 10 by 10")
    this.modes.append(this.one_chip, this.mosaic_chip)
    this.invert_chip = this.chip("invert", "invert", "i", "Invert")
    this.smooth_chip = this.chip("smooth", "smooth", "k", "Pixels run into each other")
    this.residual_chip = this.chip("residual", "residual", "t", "What an autoencoder leaves over")
    this.modes.after(this.invert_chip, this.smooth_chip, this.residual_chip)
    this.grid = make("div", {class: "mosaic", role: "grid", "aria-label": "Mosaic"})
    this.sed = make("div", {class: "sed", hidden: !this.model.room}, this.model.get_child("sed"))
    this.root.classList.toggle("roomy", this.model.room)
    this.model.on("room", () => {
      this.sed.hidden = !this.model.room
      this.root.classList.toggle("roomy", this.model.room)
    })
    this.around = make("div", {class: "around"})
    this.stage.replaceWith(this.around)
    this.around.append(this.stage, this.sed)
    this.plane = make("div", {class: "plane"}, this.grid)
    this.say_modes()
  }

  say_modes() {
    this.one_chip.setAttribute("aria-pressed", String(!this.mosaic))
    this.mosaic_chip.setAttribute("aria-pressed", String(this.mosaic))
    this.invert_chip.setAttribute("aria-pressed", String(this.inverted))
    this.residual_chip.setAttribute("aria-pressed", String(this.residual))
    this.smooth_chip.setAttribute("aria-pressed", String(this.smooth))
    for (const name of ["inverted", "smooth", "residual", "mosaic"]) { this.root.classList.toggle(name === "mosaic" ? "many" : name, this[name]) }
  }

  looks() {
    const main = this.card?.colours?.[this.main]?.[0] ?? ""
    return {mode: this.mosaic ? "mosaic" : "one", main: this.mosaic ? "colour" : main, invert: this.inverted, smooth: this.smooth, residual: !this.mosaic && this.residual}
  }

  // ---- one object

  picture(card) {
    const node = make("div", {class: "light", style: `--bands: ${Math.max(card.bands.length, 1)}`})
    if (!card.colours.length) {
      node.append(make("div", {class: "empty"}, make("strong", {}, card.note)))
      return node
    }
    card.large = make("div", {class: "large frame"})
    card.others = make("div", {class: "colours"})
    const row = (kind, pictures, title) => pictures.length ? make("div", {class: `bands ${kind}`, title},
      ...pictures.map(([band, src]) => this.figure(band, src, `${kind} ${band}`))) : null
    node.append(card.large, make("div", {class: "side"}, card.others, row("band", card.bands, ""), row("residuals", card.residuals, card.note),
      card.spectrum ? this.spectrum(card.spectrum) : null))
    this.enlarge(card)
    return node
  }

  figure(text, src, alt) {
    const frame = src ? make("img", {src, alt, decoding: "sync", draggable: "false"}) : make("div", {class: "none"}, "not observed")
    return make("figure", {}, make("div", {class: "frame"}, frame), make("figcaption", {}, text))
  }

  /* One of the pictures in colour is large, the others stand beside it. */
  enlarge(card) {
    const main = Math.min(this.main, card.colours.length - 1)
    if (card.main === main) { return }
    card.main = main
    const [what, src] = card.colours[main], [length, text] = card.bar
    const bar = make("span", {class: "bar", style: `width: ${100 * length}%`}, text)
    card.large.replaceChildren(make("img", {src, alt: `${what}, large`, decoding: "sync", draggable: "false"}), bar, make("span", {class: "what"}, what))
    if (card.north) { card.large.insertAdjacentHTML("beforeend", COMPASS) }
    card.others.replaceChildren(...card.colours.flatMap(([text, source], k) => {
      if (k === main) { return [] }
      const figure = this.figure("", source, text)
      figure.lastChild.append(`${text} `, cap(k + 1))
      figure.addEventListener("click", () => this.act(`picture ${k + 1}`))
      return [figure]
    }))
  }

  spectrum({paths, box, ends}) {
    const picture = document.createElementNS(SVG, "svg")
    for (const [name, value] of [["viewBox", `0 0 ${box[0]} ${box[1]}`], ["preserveAspectRatio", "none"], ["role", "img"], ["aria-label", "spectrum"]]) {
      picture.setAttribute(name, value)
    }
    paths.forEach((d, k) => {
      const line = document.createElementNS(SVG, "path")
      line.setAttribute("d", d)
      line.setAttribute("class", k ? "model" : "flux")
      picture.append(line)
    })
    return make("div", {class: "spectrum"}, picture, make("div", {class: "ends"}, ...ends.map((wave) => make("span", {}, `${wave.toFixed(0)} Å`))))
  }

  show() {
    this.veil()
    this.mosaic ? this.show_mosaic() : super.show()
  }

  open(card) {
    if (card.large) { this.enlarge(card) }
  }

  // ---- the mosaic

  get pages_there() { return Math.max(1, Math.ceil(this.line.n / PAGE)) }

  began() {
    this.pages.clear()
    this.cells.clear()
    this.page = Math.floor(Math.min(this.at, Math.max(this.line.n - 1, 0)) / PAGE)
    if (this.mosaic) { this.ask_page() }
  }

  ask_page() {
    for (const page of [this.page, this.page + 1]) {
      if (page < this.pages_there && !this.pages.has(page)) {
        this.pages.set(page, null) // on its way
        this.tell({page})
      }
    }
  }

  /* The SED beside, which the server draws, is that of this object or not seen. */
  veil() {
    this.sed.classList.toggle("veiled", this.fitted !== this.at || this.mosaic)
  }

  more({page, cells, turn, sed}) {
    if (sed !== undefined) { this.fitted = sed; this.veil() }
    if (page === undefined || turn !== this.line?.turn) { return }
    this.pages.set(page, cells)
    for (const cell of cells) {
      const known = this.cards.get(cell.at)
      if (known) { cell.said = known.said } // one memory of what was said
      this.cells.set(cell.at, cell)
      this.cell(cell)
    }
    if (this.mosaic && page === this.page) { this.show_mosaic() }
  }

  keep(card) {
    const cell = this.cells.get(card.at)
    if (cell) { card.said = cell.said }
    super.keep(card)
  }

  cell(cell) {
    const picture = cell.image ? make("img", {src: cell.image, alt: "", decoding: "sync", draggable: "false"}) : make("span", {class: "none"}, "no image")
    cell.node = make("button", {type: "button", class: "cell", role: "gridcell", tabindex: "-1", "data-at": cell.at, title: cell.id || `item ${cell.at + 1}`, onclick: (event) => {
      this.cursor = cell.at - this.page * PAGE
      this.mark(event.shiftKey ? "interesting" : "candidate")
    }}, picture, make("span", {class: "verdict"}))
    this.mark_cell(cell)
  }

  mark_cell(cell) {
    const mine = this.mine(cell), mark = mine ? this.mark_of(mine) : ""
    cell.node.dataset.mark = mine ? (mine.kind ? "X" : mine.label) : ""
    cell.node.lastChild.textContent = SIGNS[mark] ?? mark
    cell.node.setAttribute("aria-label", `${cell.id || `item ${cell.at + 1}`}${mark ? `, ${mark}` : ""}`)
  }

  show_mosaic() {
    const cells = this.pages.get(this.page) ?? []
    this.cursor = Math.max(0, Math.min(this.cursor, cells.length - 1))
    cells.forEach((cell, k) => { this.mark_cell(cell); cell.node.classList.toggle("cursor", k === this.cursor) })
    this.grid.replaceChildren(...cells.map((cell) => cell.node))
    if (this.stage.firstChild !== this.plane) { this.stage.replaceChildren(this.plane) }
    if (cells.length) { this.at = this.page * PAGE + this.cursor }
    this.progress()
    this.remember()
  }

  get card() { return this.mosaic ? this.cells.get(this.at) : super.card }

  turn_page(by) {
    const to = Math.max(0, Math.min(this.page + by, this.pages_there - 1))
    if (to === this.page) { return }
    this.page = to
    this.cursor = 0
    this.at = to * PAGE
    this.ask_page()
    this.show_mosaic()
  }

  move(by) {
    const n = this.pages.get(this.page)?.length ?? 0, to = this.cursor + by
    if (to < 0 || to >= n) { return }
    this.cursor = to
    this.show_mosaic()
  }

  /* Mark the object under the cursor; again takes it back. */
  mark(label) {
    this.at = this.page * PAGE + this.cursor
    const cell = this.card, mine = cell && this.mine(cell)
    if (!cell) { return }
    if (mine?.label === label) { this.undo(mine.number ?? mine.token) } else { this.grade({label}) }
    this.show_mosaic()
  }

  grade_cell(words) {
    this.grade(words)
    this.auto && this.cursor < PAGE - 1 ? this.move(1) : this.show_mosaic()
  }

  /* Whatever on this page was not marked is no lens. */
  rest() {
    for (const cell of this.pages.get(this.page) ?? []) {
      if (!this.mine(cell)) { this.grade({label: "X", comment: ""}, cell) }
    }
    this.show_mosaic()
  }

  taken_back(number, at, said) {
    const cell = this.cells.get(at)
    if (cell) { cell.said = said }
    if (!this.mosaic) { super.taken_back(number, at, said); return }
    if (this.cards.has(at)) { this.cards.get(at).said = said }
    this.show_mosaic()
  }

  // ---- keys and buttons

  does(verb, what) {
    const steps = {right: 1, left: -1, down: SIDE, up: -SIDE}
    if (verb === "grade" || verb === "kind") {
      const words = verb === "grade" ? {label: what} : {label: "X", kind: what}
      this.mosaic ? this.grade_cell(words) : this.grade_and_go(words)
    } else if (verb in steps) {
      this.mosaic ? this.move(steps[verb]) : this.go(this.at + Math.sign(steps[verb]))
    } else if (verb === "mark") {
      this.mosaic ? this.mark(what) : this.grade_and_go({label: what})
    } else if (verb === "rest") {
      if (this.mosaic) { this.rest() }
    } else if (verb === "picture") {
      this.main = Number(what) - 1
      if (this.card?.large) { this.enlarge(this.card) }
    } else if (verb in LOOKS) {
      this[LOOKS[verb]] = !this[LOOKS[verb]]
      this.say_modes()
    } else if (verb === "mosaic") {
      this.turn_mosaic()
    }
  }

  act(what) {
    if (this.mosaic && (what === "next" || what === "previous")) { this.turn_page(what === "next" ? 1 : -1) } else { super.act(what) }
  }

  turn_mosaic() {
    this.mosaic = !this.mosaic
    this.say_modes()
    if (this.mosaic) {
      this.page = Math.floor(Math.min(this.at, Math.max(this.line.n - 1, 0)) / PAGE)
      this.cursor = this.at - this.page * PAGE
      this.ask_page()
    } else {
      this.tell({at: this.at})
    }
    this.show()
  }
}

export function render({model, view, el}) {
  view.desk?.remove()
  view.desk = new LensDesk(model, el)
  model.on("lifecycle:remove", () => view.desk.remove())
}
