// What both desks have in common: the line of objects that the browser holds ahead, verdicts that are kept until the server
// confirms them, the strip above, the keys. A desk's own file says what an object looks like and which verdicts there are.
//
// Keys arrive as events from the page's table of keys (keys.js), and only while this desk is in force:
//   window.dispatchEvent(new CustomEvent("atlas-desk-do", {detail: {desk: "lenses", what: "grade A"}}))

const KEPT = "atlas deed" // verdicts on their way; they outlive the page
const PATIENCE_MS = 2500 // without an answer, after which a verdict is said again
const HELD = 60 // objects kept on either side of the one that is shown

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) { node.addEventListener(name.slice(2), value) }
    else if (value !== null && value !== false && value !== undefined) { node.setAttribute(name, value === true ? "" : value) }
  }
  node.append(...children.filter((child) => child !== null && child !== undefined))
  return node
}

const cap = (sign) => make("kbd", {}, sign)
const count = (number) => number.toLocaleString("en-US")
const token = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")

/* Verdicts that the server has not confirmed, by token, of one person and store. */
class Deeds {
  constructor(home, person) {
    this.stem = `${KEPT} ${home} ${person} `
    const kept = Object.keys(localStorage).filter((name) => name.startsWith(this.stem)).map((name) => JSON.parse(localStorage.getItem(name)))
    this.waiting = new Map(kept.sort((one, other) => one.when - other.when).map((deed) => [deed.token, {...deed, told: 0}]))
  }

  keep(deed) {
    deed.when = Date.now() // they are said again in the order of saying
    localStorage.setItem(this.stem + deed.token, JSON.stringify(deed))
    this.waiting.set(deed.token, {...deed, told: performance.now()})
  }

  done(token) {
    localStorage.removeItem(this.stem + token)
    const deed = this.waiting.get(token)
    this.waiting.delete(token)
    return deed
  }

  get late() {
    return [...this.waiting.values()].filter((deed) => Date.now() - deed.when > PATIENCE_MS).length
  }
}

class Desk {
  constructor(model, el, name) {
    Object.assign(this, {model, name, cards: new Map(), at: 0, line: null, deeds: null, last: null, view: {}})
    this.auto = localStorage.getItem("atlas desk auto") !== "no"
    this.build(el)
    model.on("msg:custom", (message) => this.told(message))
    this.asked = ({detail}) => detail.desk === this.name && this.root.getClientRects().length && this.act(detail.what)
    this.forced = ({detail}) => this.root.classList.toggle("idle", detail !== this.name)
    window.addEventListener("atlas-desk-do", this.asked)
    window.addEventListener("atlas-in-force", this.forced)
    this.clock = setInterval(() => this.again(), 500)
    this.announce()
    this.tell({hello: true})
  }

  announce() { window.dispatchEvent(new CustomEvent("atlas-desk", {detail: {name: this.name, el: this.root}})) }

  remove() {
    window.removeEventListener("atlas-desk-do", this.asked)
    window.removeEventListener("atlas-in-force", this.forced)
    clearInterval(this.clock)
    window.dispatchEvent(new CustomEvent("atlas-desk", {detail: {name: this.name, el: null}}))
  }

  tell(message) {
    try { this.model.send_msg(message) } catch (error) { console.debug("the server is not there", error) }
  }

  // ---- what stands on the page

  button(what, text, key, title = text, kind = "") {
    return make("button", {type: "button", class: `key ${kind}`, title, "aria-label": title, "data-does": what,
                           onclick: () => this.act(what)}, make("span", {}, text), key ? cap(key) : null)
  }

  chip(what, text, key, title) {
    return make("button", {type: "button", class: "chip", title: key ? `${title} (${key})` : title, "aria-label": title,
                           "data-does": what, onclick: () => this.act(what)}, text)
  }

  build(el) {
    this.queue = make("select", {"aria-label": "What is graded", title: "What is graded: what the page shows, or a campaign",
                                 onchange: () => { this.queue.blur(); this.tell({line: {campaign: this.queue.value}}) }})
    this.shuffle = this.chip("shuffle", "shuffled", "", "Another order at random")
    this.straight = this.chip("straight", "catalogue", "", "The catalogue's order")
    this.bar = make("i", {})
    this.place = make("span", {class: "place"})
    this.saved = make("span", {class: "saved", role: "status", "aria-live": "polite"})
    this.auto_chip = this.chip("auto", "auto-next", "p", "Show the next object after a verdict")
    this.wide = this.chip("wide", "wide", "Shift+W", "Hide the maps")
    this.modes = make("span", {class: "joined"})
    this.strip = make("div", {class: "strip"}, this.queue, make("span", {class: "joined"}, this.shuffle, this.straight), this.modes,
      make("span", {class: "room"}), this.saved, make("span", {class: "progress", "aria-hidden": "true"}, this.bar), this.place,
      this.auto_chip, this.wide)
    this.stage = make("div", {class: "stage"})
    this.before = make("div", {class: "before"})
    this.note = make("div", {class: "note", role: "status", "aria-live": "polite"})
    this.comment = make("input", {type: "text", class: "comment", maxlength: 100, placeholder: "comment", "aria-label": "Comment",
                                  title: "Comment, at most 100 signs (c); Enter keeps it", spellcheck: "false", autocomplete: "off",
                                  onkeydown: (event) => event.key === "Enter" && this.commented()})
    this.verdicts = make("div", {class: "verdicts", role: "group", "aria-label": "Verdict"})
    this.walk = make("div", {class: "walk"}, this.button("previous", "‹", "b", "Previous object"),
      this.button("undo", "undo", "Ctrl Z", "Take the last verdict back"), this.button("next", "›", "n", "Next object"))
    this.foot = make("div", {class: "foot"}, make("div", {class: "told"}, this.before, this.note), this.verdicts,
      make("div", {class: "also"}, this.comment, this.walk))
    this.root = make("div", {class: `desk ${this.name}`, "data-desk": this.name, tabindex: "-1",
                             onpointerdown: () => this.announce()}, this.strip, this.stage, this.foot)
    this.root.addEventListener("click", (event) => event.detail && event.target.closest?.("button")?.blur()) // keys stay the desk's
    el.replaceChildren(this.root)
  }

  /* Everything but the object itself. */
  say() {
    const {line} = this
    if (!line) { return }
    const shown = `The ${line.of.split(" ")[0] || "drawn"} objects`
    this.queue.replaceChildren(make("option", {value: ""}, shown), ...line.campaigns.map((name) =>
      make("option", {value: name}, `Campaign ${name}`)))
    this.queue.value = line.campaign
    this.shuffle.parentElement.hidden = line.campaign !== ""
    this.shuffle.setAttribute("aria-pressed", String(line.random))
    this.straight.setAttribute("aria-pressed", String(!line.random))
    this.auto_chip.setAttribute("aria-pressed", String(this.auto))
    this.wide.setAttribute("aria-pressed", String(line.wide))
    this.progress()
    for (const node of this.root.querySelectorAll(".verdicts button, .comment, [data-does=undo]")) { node.disabled = !line.may }
    this.root.classList.toggle("reads", !line.may)
    this.remember()
  }

  progress() {
    const {line} = this, ended = this.at >= line.n
    this.place.replaceChildren(make("b", {}, count(Math.min(this.at + 1, line.n))), ` of ${count(line.n)}`)
    this.place.title = [line.campaign ? `${count(line.graded)} graded by you` : "", line.many].filter(Boolean).join(" · ")
    this.bar.style.width = `${line.n ? 100 * (line.campaign ? line.graded / line.n : Math.min(this.at, line.n) / line.n) : 0}%`
    this.root.classList.toggle("ended", ended)
  }

  /* What this person said of the object before, and of the one before it. */
  remember() {
    const {card, line} = this, mine = card && this.mine(card)
    const earlier = card?.said.filter((one) => one !== mine) ?? []
    this.before.replaceChildren(...!line.may ? [make("span", {class: "why"}, `${line.person} looks: only graders and owners say verdicts`)] : [
      card?.id ? make("span", {class: "id", title: card.id}, card.id) : line.campaign ? make("span", {class: "id"}, `item ${count(this.at + 1)}`) : null,
      mine ? make("span", {class: "mine"}, "You said ", make("b", {}, this.words_of(mine)), mine.time ? ` · ${mine.time}` : "") : null,
      earlier.length ? make("span", {title: earlier.map((one) => `${this.words_of(one)} ${one.time}${one.stands ? "" : ", taken back"}`).join("\n")},
                            `and ${earlier.length} before`) : null].filter(Boolean))
    for (const node of this.verdicts.querySelectorAll("[data-says]")) {
      node.setAttribute("aria-pressed", String(Boolean(mine) && node.dataset.says.split(" ").includes(this.mark_of(mine))))
    }
  }

  words_of({label, kind, flags, z, comment}) {
    return [label, kind, flags, z === null || z === undefined ? "" : `z ${z.toFixed(4)}`, comment].filter(Boolean).join(" ")
  }

  mark_of({label, kind}) { return kind || label }

  get card() { return this.cards.get(this.at) }

  mine(card) { return card.said.findLast((one) => one.stands) }

  // ---- walking

  show() {
    const {card, line} = this
    if (this.shown !== this.at) { this.comment.value = "" }
    this.shown = this.at
    this.missing = !card
    if (card) {
      card.node ??= this.picture(card)
      if (this.stage.firstChild !== card.node) { this.stage.replaceChildren(card.node) }
      this.open(card)
    } else {
      this.stage.replaceChildren(make("div", {class: "empty"}, this.at < line.n ? "" : line.n ? make("strong", {}, "That was the last one")
        : make("strong", {}, "Nothing is in line"), this.at < line.n ? "" : line.campaign ? make("span", {}, `You graded ${count(line.graded)} of ${count(line.n)}`)
        : make("span", {}, "Select other objects on the map, or choose a campaign")))
    }
    this.progress()
    this.remember()
  }

  /* A desk's own: what is set anew when an object comes. */
  open() {}

  go(at) {
    const to = Math.max(0, Math.min(at, this.line.n))
    if (to === this.at) { return }
    this.at = to
    this.show()
    this.tell({at: to})
    this.forget()
  }

  /* Build what comes next, so that its pictures are decoded before they are asked for. */
  ahead() {
    for (const [at, card] of this.cards) {
      if (card.node || Math.abs(at - this.at) > HELD) { continue }
      card.node = this.picture(card)
      card.node.querySelectorAll("img").forEach((image) => image.decode?.().catch(() => {}))
    }
  }

  forget() {
    for (const at of this.cards.keys()) { if (at < this.at - HELD) { this.cards.get(at).node = null } }
  }

  // ---- verdicts

  /* Say a verdict of the object that is shown; `words` are its label and what belongs to it. */
  grade(words, card = this.card) {
    if (!card || !this.line.may) { return }
    const deed = {token: token(), what: "verdict", person: this.line.person, campaign: this.line.campaign, item: card.item, id: card.id,
                  at: card.at, comment: this.comment.value, view: this.looks(), ...words}
    if (!card.said.some((one) => one.stands)) { this.line.graded += 1 }
    card.said.forEach((one) => { one.stands = false })
    card.said.push({label: deed.label, kind: deed.kind ?? "", flags: deed.flags ?? "", z: deed.z ?? null, comment: deed.comment, time: "",
                    token: deed.token, stands: true})
    this.last = deed
    this.note.replaceChildren()
    this.send(deed)
    return deed
  }

  /* Say a verdict and go on; of what is not on the screen yet nothing is said. */
  grade_and_go(words) {
    if (this.grade(words)) { this.auto ? this.go(this.at + 1) : this.show() }
  }

  undo(of = null) {
    if (!this.line.may) { return }
    const deed = {token: token(), what: "undo", person: this.line.person, campaign: this.line.campaign}
    if (of !== null) { deed.of = of }
    this.send(deed)
  }

  send(deed) {
    this.deeds.keep(deed)
    this.tell({deed})
    this.wait()
  }

  /* Say again what was not confirmed. */
  again() {
    if (!this.deeds) { return }
    const now = performance.now()
    for (const deed of this.deeds.waiting.values()) {
      if (now - deed.told < PATIENCE_MS) { break } // in their order
      deed.told = now
      this.tell({deed: {...deed, again: true}})
    }
    this.wait()
  }

  wait() {
    const {late, waiting} = this.deeds, n = late
    this.saved.dataset.state = n ? "late" : waiting.size ? "waiting" : "saved"
    this.saved.textContent = n ? `${n} not confirmed: kept here, said again` : waiting.size ? "saving" : this.last ? "saved" : ""
    this.saved.title = n ? "The server has not confirmed these verdicts. They stay in this browser until it does; a reload loses none" : ""
  }

  confirmed({confirmed, number, undone, at, said, truth}) {
    const deed = this.deeds.done(confirmed)
    if (deed?.what === "undo") {
      this.taken_back(undone, at, said)
    } else if (deed) {
      for (const card of [this.cards.get(deed.at), ...this.cells?.values() ?? []]) {
        const one = card?.said.find((each) => each.token === confirmed)
        if (one) { one.number = number }
      }
    }
    if (truth) { this.note.replaceChildren(make("span", {class: "truth"}, `Item ${deed ? deed.at + 1 : ""}: ${truth}`)) }
    this.wait()
  }

  taken_back(number, at, said) {
    const card = this.cards.get(at)
    if (card) {
      if (card.said.some((one) => one.stands) && !said.some((one) => one.stands)) { this.line.graded = Math.max(0, this.line.graded - 1) }
      card.said = said
    }
    this.note.replaceChildren(make("span", {}, "Taken back"))
    if (at >= 0) { this.at === at ? this.show() : this.go(at) }
  }

  refused({refused, why, ever}) {
    this.note.replaceChildren(make("span", {class: "why"}, why))
    if (!ever) { return } // said again later
    const deed = this.deeds.done(refused), card = deed && this.cards.get(deed.at)
    if (card) { card.said = card.said.filter((one) => one.token !== refused) }
    this.wait()
    this.remember()
  }

  commented() {
    const mine = this.card && this.mine(this.card)
    this.comment.blur()
    if (mine) {
      this.grade({label: mine.label, kind: mine.kind, flags: mine.flags, z: mine.z})
      this.remember()
    }
  }

  // ---- what the server says, and what keys and buttons do

  told(message) {
    if (message.start) {
      this.line = message.start
      this.deeds ??= new Deeds(this.line.home, this.line.person)
      this.cards.clear()
      this.at = this.line.begin
      this.shown = null
      this.began()
      this.say()
      this.show()
      this.again()
    } else if (message.cards && message.turn === this.line?.turn) {
      for (const card of message.cards.filter(({at}) => !this.cards.has(at))) { this.keep(card) }
      if (message.ended) { this.line.n = Math.min(this.line.n, Math.max(-1, ...this.cards.keys()) + 1) } // others have retired the rest
      if (this.missing && this.cards.has(this.at)) { this.show() }
      this.progress()
      setTimeout(() => this.ahead())
    } else if (message.confirmed) {
      this.confirmed(message)
    } else if (message.refused) {
      this.refused(message)
    } else if (message.fault) {
      this.note.replaceChildren(make("span", {class: "why"}, message.fault))
    } else {
      this.more(message)
    }
  }

  keep(card) { this.cards.set(card.at, card) }

  /* A desk's own messages, and what it does when a line begins. */
  more() {}
  began() {}

  act(what) {
    if (!this.line) { return }
    const actions = {
      next: () => this.go(this.at + 1),
      previous: () => this.go(this.at - 1),
      undo: () => this.undo(),
      comment: () => { this.comment.focus(); this.comment.select() },
      auto: () => {
        this.auto = !this.auto
        localStorage.setItem("atlas desk auto", this.auto ? "yes" : "no")
        this.auto_chip.setAttribute("aria-pressed", String(this.auto))
      },
      wide: () => {
        this.line.wide = !this.line.wide
        this.wide.setAttribute("aria-pressed", String(this.line.wide))
        this.tell({wide: this.line.wide})
      },
      shuffle: () => this.tell({line: {random: true, seed: this.line.random ? this.line.seed + 1 : this.line.seed}}),
      straight: () => this.tell({line: {random: false}}),
      focus: () => this.tell({focus: this.at}),
    }
    const [verb, ...rest] = what.split(" ")
    actions[what] ? actions[what]() : this.does(verb, rest.join(" "))
  }
}
