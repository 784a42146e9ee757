// The browser's side of the selection bar. It shows what `content` says and sends what the user does; rules are read by the server.

const MODES = {
  replace: ["Replace", "A new selection replaces the old one", '<circle cx="9" cy="8" r="5.2" class="on"/>'],
  add: ["Add", "A new selection is added (hold Shift while brushing)",
        '<path d="M6.5 3a5 5 0 0 1 2.5.7 5 5 0 1 1 0 8.6A5 5 0 1 1 6.5 3Z" class="on"/>'],
  subtract: ["Subtract", "A new selection is taken away (hold Ctrl or Alt while brushing)",
             '<path d="M6.5 3a5 5 0 0 1 2.5.7 5 5 0 0 0 0 8.6A5 5 0 1 1 6.5 3Z" class="on"/><circle cx="11.5" cy="8" r="5"/>'],
  intersect: ["Intersect", "Only what is in both is kept (hold Shift and Alt while brushing)",
              '<circle cx="6.5" cy="8" r="5"/><circle cx="11.5" cy="8" r="5"/><path d="M9 3.7a5 5 0 0 1 0 8.6 5 5 0 0 1 0-8.6Z" class="on"/>'],
}
const ICONS = {
  undo: '<path d="M7 4 3.5 7.5 7 11M4 7.5h6a3.5 3.5 0 0 1 0 7H8"/>',
  redo: '<path d="M11 4l3.5 3.5L11 11M14 7.5H8a3.5 3.5 0 0 0 0 7h2"/>',
  search: '<circle cx="8" cy="7" r="4"/><path d="m11 10 3.5 3.5"/>',
}
const LATCH_MS = 80 // a gesture's geometry is sent a moment after the pointer is let go

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    name.startsWith("on") ? element.addEventListener(name.slice(2), value) : element.setAttribute(name, value)
  }
  element.append(...children)
  return element
}

function icon(paths) {
  const box = document.createElement("span")
  box.className = "icon"
  box.innerHTML = `<svg viewBox="0 0 18 16" aria-hidden="true">${paths}</svg>`
  return box
}

const count = (n) => n == null ? "" : n < 0 ? "…" : n.toLocaleString("en")
const writes = (event) => {
  const at = event.composedPath()[0]
  return at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName)
}

/* Puts a popover of the top layer beside an element, above or below it as there is room. */
function place(popover, beside, alignRight = false) {
  const box = beside.getBoundingClientRect(), below = window.innerHeight - box.bottom
  popover.style.maxHeight = `${Math.max(box.top, below) - 16}px`
  const left = alignRight ? box.right - popover.offsetWidth : box.left
  popover.style.left = `${Math.max(8, Math.min(left, window.innerWidth - popover.offsetWidth - 8))}px`
  popover.style.top = below > box.top ? `${box.bottom + 6}px` : "auto"
  popover.style.bottom = below > box.top ? "auto" : `${window.innerHeight - box.top + 6}px`
}

class Bar {
  constructor(model, el) {
    this.model = model
    this.say = (what, more = {}) => model.send_msg({do: what, ...more})
    this.build(el)
    this.holdKeys()
    model.on("content", () => this.show())
    model.on("msg:custom", (event) => this.hear(event.data ?? event))
    this.show()
  }

  // ---- what stands in the strip

  button(name, title, press, ...content) {
    return make("button", {type: "button", "aria-label": name, title, onclick: press}, ...content)
  }

  build(el) {
    this.box = make("input", {
      type: "text", role: "combobox", "aria-label": "Select by rule, id or position", "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-controls": "suggestions", spellcheck: "false", autocomplete: "off", placeholder: "Select: z > 2 & …, an id, or RA Dec",
      title: 'A rule (z > 2 & class == "QSO"), object ids, or a place with a radius (150.1 +2.2 r=30s). Enter selects.',
      oninput: () => this.typed(), onkeydown: (event) => this.key(event), onblur: () => this.close(),
      onfocus: () => this.strip.classList.add("typing"),
    })
    this.list = make("div", {id: "suggestions", class: "list", role: "listbox", popover: "manual", "aria-label": "Suggestions"})
    this.answer = make("div", {class: "answer", role: "status", popover: "manual"})
    this.modes = Object.fromEntries(Object.entries(MODES).map(([mode, [name, title, paths]]) => {
      const button = this.button(name, title, () => this.say("mode", {mode}), icon(paths))
      button.setAttribute("role", "radio")
      return [mode, button]
    }))
    this.undo = this.button("Undo", "Undo (Ctrl+Z)", () => this.say("undo"), icon(ICONS.undo))
    this.redo = this.button("Redo", "Redo (Ctrl+Shift+Z)", () => this.say("redo"), icon(ICONS.redo))
    this.slots = Object.fromEntries(["a", "b"].map((name) => {
      const number = make("span", {class: "number"})
      const button = this.button("", "", () => this.slot(name), make("b", {}, name.toUpperCase()), number)
      button.className = `slot ${name}`
      return [name, {button, number}]
    }))
    this.chosen = make("span", {class: "number"})
    this.menu = this.button("The selection as a rule", "The selection as a rule; saved selections", () => this.toggle(), this.chosen)
    this.menu.className = "menu"
    this.menu.setAttribute("aria-haspopup", "dialog")
    this.strip = make("div", {class: "strip", role: "toolbar", "aria-label": "Selection"},
      make("label", {class: "search"}, icon(ICONS.search), this.box),
      make("span", {class: "joined", role: "radiogroup", "aria-label": "What a new selection does"}, ...Object.values(this.modes)),
      make("span", {class: "joined"}, this.undo, this.redo),
      make("span", {class: "joined"}, this.slots.a.button, this.slots.b.button), this.menu)
    this.panel = make("div", {class: "panel", role: "dialog", "aria-label": "The selection", popover: "auto", tabindex: -1})
    this.panel.addEventListener("toggle", (event) => {
      this.menu.setAttribute("aria-expanded", String(event.newState === "open"))
    })
    this.buildPanel()
    el.replaceChildren(this.strip, this.list, this.answer, this.panel)
  }

  buildPanel() {
    const act = (what, title, name = what) => {
      const button = this.button(title, title, () => this.say(name), what)
      return this.acts[name] = button
    }
    this.acts = {}
    this.rule = make("textarea", {"aria-label": "Rule of the selection", rows: 3, spellcheck: "false", placeholder: "Nothing is selected",
      oninput: () => this.edited(), onkeydown: (event) => {
        if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); this.apply() }
      }})
    this.fault = make("div", {class: "fault", role: "alert"})
    this.use = this.button("Select by this rule", "Select by this rule (Enter)", () => this.apply(), "Apply")
    this.use.className = "strong"
    this.copyText = this.button("Copy as text", "Copy the rule as text", () => this.copy(this.copyText, this.content.text), "Copy text")
    this.copyJson = this.button("Copy as JSON", "Copy the rule as JSON, for qso export --selection",
                                () => this.copy(this.copyJson, this.content.json), "Copy JSON")
    this.parts = Object.fromEntries(["a", "b"].map((name) => [name, {
      number: make("span", {class: "number"}),
      select: this.button(`Select what is in ${name.toUpperCase()}`, "Select it, in the mode that is set", () => this.say("select", {slot: name}),
                          "Select"),
      empty: this.button(`Empty ${name.toUpperCase()}`, "Empty it", () => this.say("empty", {slot: name}), "Empty"),
      keep: this.button(`Put the selection into ${name.toUpperCase()}`, "Put the selection here", () => this.say("keep", {slot: name}), "Store"),
    }]))
    const slot = (name) => make("div", {class: `line ${name}`}, make("b", {}, name.toUpperCase()), this.parts[name].number,
                                this.parts[name].keep, this.parts[name].select, this.parts[name].empty)
    this.swap = this.button("Swap A and B", "Swap A and B", () => this.say("swap"), "Swap A and B")
    this.title = make("input", {type: "text", "aria-label": "Name for the selection", placeholder: "Name", maxlength: 80,
      onkeydown: (event) => { if (event.key === "Enter") { this.save() } }, oninput: () => this.enable()})
    this.keep = this.button("Save the selection", "Save it in the store under this name", () => this.save(), "Save")
    this.named = make("div", {class: "named", role: "list", "aria-label": "Saved selections"})
    this.panel.append(
      this.rule, this.fault,
      make("div", {class: "line"}, this.use, this.copyText, this.copyJson, act("Invert", "Select what is not selected", "invert"),
           act("Clear", "Select nothing", "clear")),
      make("div", {class: "line"}, act("Draw only these", "Draw only what is selected", "only"), act("Draw all again", "Draw everything", "all")),
      make("div", {class: "heading"}, "Slots, to compare"), slot("a"), slot("b"), make("div", {class: "line"}, this.swap),
      this.saved = make("div", {class: "saved"}, make("div", {class: "heading"}, "Saved selections"),
                        make("div", {class: "line"}, this.title, this.keep), this.named))
  }

  // ---- what is shown follows from the server

  get content() { return this.model.content }

  show() {
    const {mode, undo, redo, selected, a, b, text, long, only, named, colours} = this.content
    for (const [name, button] of Object.entries(this.modes)) { button.setAttribute("aria-checked", String(name === mode)) }
    this.undo.disabled = !undo
    this.redo.disabled = !redo
    for (const [name, {button, number}] of Object.entries(this.slots)) {
      const held = this.content[name], letter = name.toUpperCase(), some = held !== null
      number.textContent = count(held)
      button.classList.toggle("filled", some)
      button.disabled = !some && !text
      const does = text ? `Put the selection into ${letter}` : some ? `Select what is in ${letter}` : `${letter} is empty: select something first`
      button.title = does
      button.setAttribute("aria-label", some ? `${does}; ${letter} holds ${count(held)}` : does)
      const part = this.parts[name]
      part.number.textContent = some ? `${count(held)} objects` : "empty"
      part.select.disabled = part.empty.disabled = !some
      part.keep.disabled = !text
    }
    this.swap.disabled = a === null && b === null
    this.strip.style.setProperty("--a", colours.a)
    this.strip.style.setProperty("--b", colours.b)
    this.panel.style.setProperty("--a", colours.a)
    this.panel.style.setProperty("--b", colours.b)
    this.chosen.textContent = text ? `${count(selected)} selected` : "Nothing selected"
    this.menu.classList.toggle("filled", Boolean(text))
    this.rule.readOnly = long
    if (text !== this.shown) {
      this.rule.value = this.shown = text
      this.tell("")
    }
    this.acts.only.disabled = this.acts.clear.disabled = !text
    this.acts.all.disabled = !only
    this.saved.hidden = named === null
    this.fill(named ?? [])
    this.enable()
  }

  fill(named) {
    this.taken = named.map(({name}) => name.toLowerCase())
    this.named.replaceChildren(...named.map(({name, about, text}) => make("div", {class: "line", role: "listitem"},
      this.button(`Load ${name}`, text, () => this.say("load", {name}), name),
      make("span", {class: "about"}, about),
      this.button(`Rename ${name}`, "Give it the name that is written above", () => this.rename(name), "Rename"),
      this.button(`Delete ${name}`, "Delete it from the store", () => this.say("delete", {name}), "Delete"))))
  }

  enable() {
    const text = this.rule.value.trim()
    this.use.disabled = text === (this.shown ?? "") || text === ""
    this.copyText.disabled = this.copyJson.disabled = !this.content.text
    this.keep.disabled = !this.content.text || !this.title.value.trim()
    this.keep.textContent = this.taken?.includes(this.title.value.trim().toLowerCase()) ? "Replace" : "Save"
  }

  hear({suggestions, fault, text, place, from, done}) {
    if (suggestions) { return this.suggest(suggestions) }
    if (from === "rule") { return this.tell(fault ?? "") }
    if (fault) { return this.refuse(fault, text, place) }
    if (done) {
      this.box.value = ""
      if (done.remark) { this.note(done.remark) }
    }
  }

  // ---- the search box

  /* One question at a time: who types faster than the server answers is asked for once more at the end. */
  typed() {
    this.hide(this.answer)
    this.quiet = false
    if (!this.asking) { this.ask() }
  }

  ask() {
    this.asking = true
    this.say("complete", {text: this.box.value, cursor: this.box.selectionStart})
  }

  suggest({text, start, items}) {
    this.asking = false
    if (this.quiet) { return }
    if (text !== this.box.value && this.box.value) { return this.ask() }
    if (text !== this.box.value || this.box.getRootNode().activeElement !== this.box) { return }
    this.start = start
    this.at = -1
    this.list.replaceChildren(...items.map(([insert, label], k) => make("div", {
      role: "option", id: `suggestion-${k}`, "aria-selected": "false",
      onmousedown: (event) => { event.preventDefault(); this.accept(k) }}, make("b", {}, insert), make("span", {}, label))))
    this.items = items
    items.length ? this.open(this.list) : this.hide(this.list)
  }

  open(popover, beside = this.box.parentElement) {
    if (!popover.matches(":popover-open")) { popover.showPopover() }
    place(popover, beside)
    this.box.setAttribute("aria-expanded", String(this.list.matches(":popover-open")))
  }

  hide(popover) {
    if (popover.matches(":popover-open")) { popover.hidePopover() }
    this.box.setAttribute("aria-expanded", String(this.list.matches(":popover-open")))
  }

  close() {
    this.hide(this.list)
    this.strip.classList.remove("typing")
    if (!this.answer.classList.contains("brief")) { this.hide(this.answer) }
  }

  move(step) {
    const options = [...this.list.children]
    this.at = (this.at + step + options.length + (this.at < 0 && step < 0 ? 1 : 0)) % options.length
    options.forEach((option, k) => option.setAttribute("aria-selected", String(k === this.at)))
    options[this.at].scrollIntoView({block: "nearest"})
    this.box.setAttribute("aria-activedescendant", `suggestion-${this.at}`)
  }

  accept(k) {
    const [insert] = this.items[k], {value, selectionStart} = this.box
    this.box.value = value.slice(0, this.start) + insert + value.slice(selectionStart)
    this.box.setSelectionRange(this.start + insert.length, this.start + insert.length)
    this.box.removeAttribute("aria-activedescendant")
    if (!insert.endsWith(" ") && !insert.endsWith("[") && !value.slice(selectionStart)) {
      this.box.setRangeText(" ", this.box.selectionStart, this.box.selectionStart, "end")
    }
    this.typed()
  }

  key(event) {
    const open = this.list.matches(":popover-open")
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault()
      this.move(event.key === "ArrowDown" ? 1 : -1)
    } else if (!open && (event.key === "ArrowDown" || (event.key === " " && event.ctrlKey))) {
      event.preventDefault()
      this.typed()
    } else if (open && event.key === "Tab" && !event.shiftKey && this.box.value) {
      event.preventDefault()
      this.accept(Math.max(this.at, 0))
    } else if (open && event.key === "Enter" && this.at >= 0) {
      event.preventDefault()
      this.accept(this.at)
    } else if (event.key === "Enter") {
      this.quiet = true
      this.hide(this.list)
      if (this.box.value.trim()) { this.say("search", {text: this.box.value}) }
    } else if (event.key === "Escape") {
      this.quiet = true
      open || this.answer.matches(":popover-open") ? (this.hide(this.list), this.hide(this.answer)) : this.box.blur()
    } else {
      return
    }
    event.stopPropagation()
  }

  /* A text that is not understood stays in the box, with the cursor where it went wrong. */
  refuse(fault, text, place) {
    this.hide(this.list)
    this.answer.className = "answer wrong"
    const marked = place == null ? [] : [make("code", {}, text.slice(0, place), make("mark", {}, text.slice(place) || " "))]
    this.answer.replaceChildren(...marked, make("span", {}, fault))
    this.open(this.answer)
    this.box.setAttribute("aria-invalid", "true")
    if (place != null && this.box.value === text) { this.box.setSelectionRange(place, place) }
    this.box.addEventListener("input", () => this.box.removeAttribute("aria-invalid"), {once: true})
  }

  note(text) {
    this.answer.className = "answer brief"
    this.answer.replaceChildren(make("span", {}, text))
    this.open(this.answer)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.answer.classList.contains("brief") && this.hide(this.answer), 4000)
  }

  // ---- the panel

  toggle() {
    if (this.panel.matches(":popover-open")) { return this.panel.hidePopover() }
    this.panel.showPopover()
    place(this.panel, this.menu, true)
    this.panel.focus()
    this.say("names")
  }

  tell(fault) { this.fault.textContent = fault }
  edited() { this.tell(""); this.enable() }
  apply() { if (!this.use.disabled) { this.say("rule", {text: this.rule.value}) } }
  slot(name) { this.say(this.content.text ? "keep" : "select", {slot: name}) }

  save() {
    const name = this.title.value.trim()
    if (!name || this.keep.disabled) { return }
    this.say("save", {name, replace: this.keep.textContent === "Replace"})
    this.title.value = ""
  }

  rename(name) {
    const to = this.title.value.trim()
    if (!to) { return this.title.focus() }
    this.say("rename", {name, to})
    this.title.value = ""
  }

  async copy(button, text) {
    await navigator.clipboard.writeText(text)
    const said = button.textContent
    button.textContent = "Copied"
    setTimeout(() => { button.textContent = said }, 1200)
  }

  // ---- keys that are held while brushing: what they say holds from when the pointer is pressed to a moment after it is let go

  holdKeys() {
    let over = false, pressed = false, keys = "", held = ""
    const set = () => {
      if (!pressed && held !== keys) { this.say("hold", {mode: held = keys}) }
    }
    const read = (event) => {
      const {shiftKey: shift, ctrlKey, altKey, metaKey} = event, take = ctrlKey || altKey || metaKey
      keys = !over || writes(event) ? "" : shift && take ? "intersect" : shift ? "add" : take ? "subtract" : ""
      set()
    }
    const drop = () => { keys = ""; pressed = false; set() }
    window.addEventListener("pointerover", (event) => {
      over = event.composedPath().some((element) => element.classList?.contains("bk-Figure"))
      if (over) { read(event) }
    }, true)
    window.addEventListener("keydown", read, true)
    window.addEventListener("keyup", read, true)
    window.addEventListener("pointerdown", (event) => { read(event); pressed = true }, true)
    window.addEventListener("pointerup", () => setTimeout(() => { pressed = false; set() }, LATCH_MS), true)
    window.addEventListener("blur", drop)
  }
}

export function render({model, el}) {
  new Bar(model, el)
}
