// The tour: a card beside what it speaks of. Shown at the first visit, and when it is asked for; a script is never disturbed.

const SEEN = "qso-atlas-tour"
const GAP = 10

function* everything(root) {
  for (const node of root.querySelectorAll("*")) {
    yield node
    if (node.shadowRoot) { yield* everything(node.shadowRoot) }
  }
}

function place_of(rule) {
  for (const node of everything(document)) {
    const box = node.matches(rule) ? node.getBoundingClientRect() : null
    if (box?.width > 0 && box.height > 0) { return box }
  }
}

function make(tag, className, text = "") {
  return Object.assign(document.createElement(tag), {className, textContent: text})
}

class Tour {
  constructor(steps, el) {
    this.steps = steps
    this.ring = make("div", "ring")
    this.card = make("div", "card")
    this.card.setAttribute("role", "dialog")
    this.card.setAttribute("aria-label", "Tour")
    this.title = make("strong", "title")
    this.text = make("p", "text")
    this.count = make("span", "count")
    this.skip = Object.assign(make("button", "skip", "End the tour"), {type: "button", onclick: () => this.end()})
    this.next = Object.assign(make("button", "next", "Next"), {type: "button", onclick: () => this.go(this.at + 1)})
    const foot = make("div", "foot")
    foot.append(this.count, this.skip, this.next)
    this.card.append(this.title, this.text, foot)
    this.card.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { event.preventDefault(); this.end() }
    })
    this.stage = make("div", "tour")
    this.stage.append(this.ring, this.card)
    this.stage.hidden = true
    el.append(this.stage)
    this.move = () => this.stage.hidden || this.stand()
    window.addEventListener("resize", this.move)
  }

  go(at) {
    if (at >= this.steps.length) { this.end(); return }
    this.at = at
    const [, title, text] = this.steps[at], last = at === this.steps.length - 1
    this.title.textContent = title
    this.text.textContent = text
    this.count.textContent = `${at + 1} of ${this.steps.length}`
    this.next.textContent = last ? "Done" : "Next"
    this.skip.hidden = last
    this.stage.hidden = false
    this.stand()
    this.next.focus()
  }

  stand() {
    const box = place_of(this.steps[this.at][0]), card = this.card.getBoundingClientRect()
    const {innerWidth: width, innerHeight: height} = window
    this.ring.hidden = !box
    if (!box) {
      this.put(this.card, (width - card.width) / 2, (height - card.height) / 2)
      return
    }
    this.put(this.ring, box.x, box.y, box.width, box.height)
    const right = box.right + GAP, left = box.x - GAP - card.width
    if (right + card.width < width || left > 0) {
      const y = Math.min(Math.max(box.y + GAP, box.y + box.height / 2 - card.height / 2), height - card.height - GAP)
      this.put(this.card, right + card.width < width ? right : left, Math.max(y, GAP))
    } else {
      const below = box.bottom + GAP
      const y = below + card.height < height ? below : Math.max(box.y - GAP - card.height, GAP)
      this.put(this.card, Math.min(Math.max(box.x, GAP), width - card.width - GAP), y)
    }
  }

  put(node, x, y, width, height) {
    Object.assign(node.style, {left: `${x}px`, top: `${y}px`})
    if (width) { Object.assign(node.style, {width: `${width}px`, height: `${height}px`}) }
  }

  end() {
    this.card.getRootNode().activeElement?.blur() // else the next key still goes to a button that is no more seen
    this.stage.hidden = true
    try { localStorage.setItem(SEEN, "1") } catch { /* a browser that keeps nothing */ }
  }

  remove() {
    window.removeEventListener("resize", this.move)
    this.stage.remove()
  }
}

function is_first_visit() {
  const asked = new URLSearchParams(window.location.search).get("tour")
  if (asked !== null || navigator.webdriver) { return asked === "1" }
  try { return localStorage.getItem(SEEN) === null } catch { return false }
}

export function render({model, el}) {
  const tour = new Tour(model.steps, el)
  model.on("started", () => tour.go(0))
  const first = is_first_visit() ? setInterval(() => {
    const map = window.Bokeh?.documents[0]?.get_model_by_name("map") // once there is something to point at
    if (map && place_of(model.steps[0][0])) { clearInterval(first); tour.go(0) }
  }, 500) : 0
  model.on("remove", () => { clearInterval(first); tour.remove() })
}
