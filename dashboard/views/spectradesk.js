// The spectra desk. Follows desk.js, with which it is one script: it gives the spectrum viewer on its page (spectrum.js) what is
// shown, follows the redshift there, and adds qualities, issues, corrected classes and comments.

const SUFFIX = " spectra" // of the viewer's figures
const ISSUE_KEYS = {R: "⇧ R", C: "⇧ C", S: "⇧ S"}, TYPE_KEYS = {STAR: "*", GALAXY: "g", QSO: "q"}
const REMARK_KEYS = ["⇧ B", "⇧ D", "⇧ O", "⇧ Z"]

class SpectraDesk extends Desk {
  constructor(model, el) {
    super(model, el, "spectra")
    this.shifted = ({detail: {suffix, z, moved}}) => suffix === SUFFIX && this.redshifted(z, moved)
    this.ready = ({detail}) => detail.suffix === SUFFIX && this.card && this.open(this.card)
    window.addEventListener("atlas-spectrum-z", this.shifted)
    window.addEventListener("atlas-spectrum-ready", this.ready) // the viewer may be built after the first object came
  }

  remove() {
    super.remove()
    window.removeEventListener("atlas-spectrum-z", this.shifted)
    window.removeEventListener("atlas-spectrum-ready", this.ready)
  }

  build(el) {
    super.build(el)
    Object.assign(this, {flags: new Set(), kind: "", z: null})
    const {qualities, issues, types, comments} = this.model.words
    const says = (node, mark) => { node.dataset.says = mark; return node }
    this.issues = issues.map(([word, meaning]) => this.button(`flag ${word}`, word, ISSUE_KEYS[word], meaning))
    this.types = types.map(([word, meaning]) => this.button(`type ${word}`, word, TYPE_KEYS[word], `It is a ${meaning}`))
    this.remarks = comments.map((comment, k) => this.button(`remark ${comment}`, comment, REMARK_KEYS[k], `Comment: ${comment}`))
    this.box = make("input", {type: "text", inputmode: "decimal", "aria-label": "Corrected redshift", spellcheck: "false", autocomplete: "off",
                              title: "Corrected redshift: the spectrum's own where it was moved (z)", placeholder: "as it is",
                              onchange: () => this.typed(), onkeydown: (event) => event.key === "Enter" && this.box.blur()})
    this.verdicts.append(
      make("div", {class: "rows"},
        make("div", {class: "qualities", role: "group", "aria-label": "Quality"}, ...qualities.map(([word, meaning, key]) => {
          const button = says(this.button(`quality ${word}`, "", key, `Quality ${word}: ${meaning}`), word)
          button.append(make("span", {class: "meaning"}, meaning.split(":")[0]))
          return button
        })),
        make("div", {class: "types", role: "group", "aria-label": "Corrected class"}, ...this.types),
        make("div", {class: "issues", role: "group", "aria-label": "Issues"}, ...this.issues)),
      make("div", {class: "rows"}, make("label", {class: "redshift"}, "corrected z", this.box, cap("z")),
        make("div", {class: "remarks", role: "group", "aria-label": "Standard comments"}, ...this.remarks), this.comment, this.walk))
    this.foot.lastChild.remove() // its content stands in the rows
  }

  mark_of({label}) { return label }

  looks() {
    const kept = JSON.parse(sessionStorage.getItem("atlas spectrum") ?? "{}") // how the viewer is set
    return {mode: "one", smoothing: kept.smoothing ?? 0, rest: kept.rest ?? false, model: kept.model ?? true}
  }

  // ---- what is shown

  picture() { return make("span") }

  open(card) {
    const mine = this.mine(card)
    this.flags = new Set(mine?.flags ?? "")
    this.kind = mine?.kind ?? ""
    if (mine) { this.comment.value = mine.comment ?? "" }
    if (card.scene) {
      window.dispatchEvent(new CustomEvent("atlas-spectrum-give", {detail: {suffix: SUFFIX, scene: card.scene}}))
      if (Number.isFinite(mine?.z)) { window.dispatchEvent(new CustomEvent("atlas-spectrum-give", {detail: {suffix: SUFFIX, z: mine.z}})) }
    }
    this.note.replaceChildren(card.facts, card.note ? make("span", {class: "why"}, card.note) : "")
    this.mark()
  }

  show() {
    super.show()
    if (this.line && this.at >= this.line.n) {
      this.note.replaceChildren(make("b", {}, this.line.n ? "That was the last one" : "Nothing is in line"))
    }
  }

  mark() {
    const press = (nodes, words, on) => nodes.forEach((node, k) => node.setAttribute("aria-pressed", String(on(words[k]))))
    press(this.issues, Object.keys(ISSUE_KEYS), (word) => this.flags.has(word))
    press(this.types, this.model.words.types.map(([word]) => word), (word) => this.kind === word)
    press(this.remarks, this.model.words.comments, (comment) => this.said_words.includes(comment))
  }

  get said_words() { return this.comment.value.split(";").map((part) => part.trim()).filter(Boolean) }

  redshifted(z, moved) {
    this.z = moved ? z : null
    if (this.box.getRootNode().activeElement !== this.box) { this.box.value = moved ? z.toFixed(5) : "" }
    this.box.classList.toggle("changed", moved)
    this.box.removeAttribute("aria-invalid")
  }

  typed() {
    const text = this.box.value.trim().replace(",", "."), z = text === "" ? this.card?.scene?.z ?? 0 : Number(text)
    if (!Number.isFinite(z) || z <= -0.02 || z >= 20) { this.box.setAttribute("aria-invalid", "true"); return }
    window.dispatchEvent(new CustomEvent("atlas-spectrum-give", {detail: {suffix: SUFFIX, z}}))
  }

  // ---- keys and buttons

  does(verb, what) {
    if (verb === "quality") {
      this.grade_and_go({label: what, flags: [...this.flags].join(""), kind: this.kind, z: this.z})
    } else if (verb === "flag") {
      this.flags.has(what) ? this.flags.delete(what) : this.flags.add(what)
    } else if (verb === "type") {
      this.kind = this.kind === what ? "" : what
    } else if (verb === "remark") {
      const words = this.said_words
      this.comment.value = (words.includes(what) ? words.filter((one) => one !== what) : [what, ...words]).join("; ").slice(0, 100)
    }
    this.mark()
  }
}

export function render({model, view, el}) {
  view.desk?.remove()
  view.desk = new SpectraDesk(model, el)
  model.on("lifecycle:remove", () => view.desk.remove())
}
