// One page of many objects, as a table or as a mosaic of spectra, with what turns pages beneath.
// The page itself comes from the server in `content`; what is touched goes back by object id, never by place.

const SVG = "http://www.w3.org/2000/svg"

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) { node.addEventListener(name.slice(2), value) }
    else if (value !== null && value !== false) { node.setAttribute(name, value) }
  }
  node.append(...children.filter((child) => child !== null))
  return node
}

function drawn(path, name) {
  const line = document.createElementNS(SVG, "path")
  line.setAttribute("d", path)
  line.setAttribute("class", name)
  return line
}

function count(number) { return number.toLocaleString("en-US") }

class Pages {
  constructor(model, el) {
    this.model = model
    this.columns = make("div", {class: "columns", hidden: ""})
    this.body = make("div", {class: "body", tabindex: "-1"})
    this.said = make("span", {class: "said", role: "status", "aria-live": "polite"})
    this.hover = make("span", {class: "hover"})
    this.number = make("input", {class: "number", type: "text", inputmode: "numeric", "aria-label": "Page",
                                 onchange: () => this.jump()})
    this.last = make("span", {class: "last"})
    this.steps = [["«", "First page", () => 0], ["‹", "Previous page (PageUp)", (page) => page - 1],
                  ["›", "Next page (PageDown)", (page) => page + 1], ["»", "Last page", (_, pages) => pages - 1]]
      .map(([sign, title, to]) => make("button", {title, "aria-label": title.replace(/ \(.*/, ""), class: "step",
        onclick: () => this.turn(to(this.content.page, this.content.pages))}, sign))
    const [first, previous, next, final] = this.steps
    this.foot = make("div", {class: "foot"}, this.said, this.hover, this.columns,
      make("span", {class: "turn", role: "group", "aria-label": "Pages"}, first, previous, this.number, this.last, next, final))
    el.append(make("div", {class: `pages ${model.kind}`}, this.body, this.foot))
    this.body.addEventListener("keydown", (event) => this.walk(event))
    this.keys = (event) => this.page_keys(event)
    window.addEventListener("keydown", this.keys)
    model.on("content", () => this.show())
    model.on("focus", () => this.mark())
    model.on("choices", () => this.list_columns())
    this.show()
    this.list_columns()
  }

  get content() { return this.model.content }

  tell(message) { this.model.send_msg(message) }

  show() {
    const content = this.content
    if (!("total" in content)) { return }
    const had_focus = this.body.matches(":focus-within")
    this.body.replaceChildren(this.model.kind === "table" ? this.table() : this.mosaic())
    this.body.scrollTop = 0
    this.said.textContent = content.said
    this.said.title = content.said
    this.hover.textContent = ""
    this.number.value = count(content.page + 1)
    this.number.disabled = content.pages < 2
    this.last.textContent = `of ${count(content.pages)}`
    this.steps.forEach((step, k) => { step.disabled = k < 2 ? content.page === 0 : content.page >= content.pages - 1 })
    this.mark()
    if (had_focus) { this.items()[0]?.focus() }
  }

  /* ---- a table */

  table() {
    const heads = this.content.columns.map((column) => {
      const title = column.sortable
        ? make("button", {title: column.tip, onclick: () => this.tell({sort: column.name})}, column.title)
        : make("span", {title: column.tip}, column.title)
      const sorted = {up: "ascending", down: "descending"}[column.sorted] ?? (column.sortable ? "none" : null)
      return make("th", {scope: "col", "aria-sort": sorted, class: column.number ? "number" : "text"}, title)
    })
    const rows = this.content.ids.map((id, k) => make("tr", {
      tabindex: "-1", "data-id": id, onclick: () => this.touch(id),
    }, ...this.content.rows[k].map((text, c) => make("td", {
      title: text, "data-column": this.content.columns[c].name, class: this.content.columns[c].number ? "number" : "text",
    }, text))))
    return make("table", {"aria-label": this.model.label}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows))
  }

  list_columns() {
    const {groups, chosen} = this.model.choices
    this.columns.hidden = !groups?.length
    if (this.columns.hidden) { return }
    const boxes = []
    const lists = groups.map(([title, names]) => make("fieldset", {}, make("legend", {}, title), ...names.map(([name, text, tip]) => {
      const box = make("input", {type: "checkbox", value: name, onchange: () => {
        this.tell({columns: boxes.filter((each) => each.checked).map((each) => each.value)})
      }})
      box.checked = chosen.includes(name)
      boxes.push(box)
      return make("label", {title: tip}, box, text)
    })))
    const open = this.columns.querySelector("details")?.open
    const details = make("details", {}, make("summary", {}, "Columns"), make("div", {class: "choices"}, ...lists))
    details.open = open ?? false
    this.columns.replaceChildren(details)
  }

  /* ---- a mosaic */

  mosaic() {
    const {cells, side, box} = this.content
    const grid = make("div", {class: "grid", role: "list", "aria-label": this.model.label, style: `--side: ${side}`})
    for (const cell of cells) {
      const picture = "image" in cell ? this.image(cell) : this.spectrum(cell, box)
      grid.append(make("button", {
        class: "cell", "data-id": cell.id, "aria-label": cell.tip, title: cell.tip, onclick: () => this.touch(cell.id),
        onmouseenter: () => { this.hover.textContent = cell.tip }, onmouseleave: () => { this.hover.textContent = "" },
      }, picture, make("span", {class: "label"}, cell.label)))
    }
    return grid
  }

  spectrum(cell, box) {
    const picture = document.createElementNS(SVG, "svg")
    picture.setAttribute("viewBox", `0 0 ${box[0]} ${box[1]}`)
    picture.setAttribute("preserveAspectRatio", "none")
    picture.setAttribute("aria-hidden", "true")
    picture.append(drawn(cell.flux, "flux"), drawn(cell.model, "model"))
    return picture
  }

  image(cell) {
    return cell.image ? make("img", {src: cell.image, alt: ""}) : make("span", {class: "none"}, cell.why)
  }

  /* ---- touching and turning */

  items() { return [...this.body.querySelectorAll("[data-id]")] }

  touch(id) { this.tell({focus: id}) }

  mark() {
    const items = this.items()
    items.forEach((item) => {
      const is_focus = item.dataset.id === this.model.focus
      item.classList.toggle("focus", is_focus)
      item.toggleAttribute("aria-current", is_focus)
      item.tabIndex = -1
    })
    const entry = items.find((item) => item.classList.contains("focus")) ?? items[0]
    if (entry) { entry.tabIndex = 0 } // one stop for Tab, arrows from there
  }

  turn(page) {
    const to = Math.max(0, Math.min(page, this.content.pages - 1))
    if (to !== this.content.page) { this.tell({page: to}) }
  }

  jump() {
    const wanted = parseInt(this.number.value.replace(/[^0-9]/g, ""), 10)
    if (Number.isFinite(wanted)) { this.turn(wanted - 1) }
    this.number.value = count(this.content.page + 1)
  }

  walk(event) {
    const items = this.items(), at = items.indexOf(event.target.closest?.("[data-id]"))
    const side = this.model.kind === "mosaic" ? this.content.side : 1
    const step = {ArrowDown: side, ArrowUp: -side, ...(side > 1 ? {ArrowRight: 1, ArrowLeft: -1} : {})}[event.key]
    if (at < 0) { return }
    if (event.key === "Enter" || event.key === " ") { this.touch(items[at].dataset.id) }
    else if (step !== undefined && items[at + step]) { items[at + step].focus() }
    else { return }
    event.preventDefault()
    event.stopPropagation() // the map's own arrow keys stay out of it
  }

  page_keys(event) {
    const step = {PageDown: 1, PageUp: -1}[event.key]
    const writes = event.composedPath()[0]?.matches?.("input:not([type=checkbox]), textarea, select, [role=listbox] *")
    if (step === undefined || writes || event.ctrlKey || event.altKey || event.metaKey) { return }
    if (!this.body.isConnected || !this.body.getClientRects().length) { return } // another tab is open
    this.turn(this.content.page + step)
    event.preventDefault()
  }

  remove() { window.removeEventListener("keydown", this.keys) }
}

export function render({model, el}) {
  const pages = new Pages(model, el)
  model.on("remove", () => pages.remove())
}
