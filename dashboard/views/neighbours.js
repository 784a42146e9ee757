// Cards of the objects most like the one in focus; a press on one tells the server its number.
const SVG = "http://www.w3.org/2000/svg"

function sketch(path, [width, height]) {
  const svg = document.createElementNS(SVG, "svg"), line = document.createElementNS(SVG, "path")
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`)
  svg.setAttribute("preserveAspectRatio", "none")
  svg.setAttribute("aria-hidden", "true")
  line.setAttribute("d", path)
  svg.append(line)
  return svg
}

function picture(source) {
  const image = document.createElement("img")
  image.src = source
  image.alt = ""
  return image
}

function element(tag, name, text) {
  const made = document.createElement(tag)
  made.className = name
  made.textContent = text
  return made
}

function button_of(card, size, press) {
  const button = element(card.fixed ? "span" : "button", "card", ""), drawn = element("span", "drawn", "")
  button.setAttribute(card.fixed ? "role" : "type", card.fixed ? "img" : "button")
  button.setAttribute("aria-label", `${card.id}, ${card.facts}, distance ${card.distance}`)
  button.title = card.id
  button.onclick = card.fixed ? null : press
  drawn.append(...(card.image ? [picture(card.image)] : []), ...(card.path ? [sketch(card.path, size)] : []))
  button.classList.toggle("picture", Boolean(card.image) && !card.path)
  button.append(...(drawn.childElementCount ? [drawn] : []), element("span", "distance", card.distance),
                element("span", "facts", card.facts))
  return button
}

export function render({model, el}) {
  const list = element("div", "grid", "")
  list.setAttribute("role", "list")
  el.replaceChildren(list)
  const fill = () => {
    list.classList.toggle("pictures", model.cards.length > 0 && model.cards.every((card) => card.image && !card.path))
    list.replaceChildren(...model.cards.map((card, k) => {
      const item = element("div", "item", "")
      item.setAttribute("role", "listitem")
      item.append(button_of(card, model.size, () => model.send_msg(k)))
      return item
    }))
  }
  fill()
  model.on("cards", fill)
}
