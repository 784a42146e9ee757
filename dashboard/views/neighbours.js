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

function element(tag, name, text) {
  const made = document.createElement(tag)
  made.className = name
  made.textContent = text
  return made
}

export function render({model, el}) {
  const list = element("div", "grid", "")
  list.setAttribute("role", "list")
  el.replaceChildren(list)
  const fill = () => list.replaceChildren(...model.cards.map((card, k) => {
    const button = element("button", "card", "")
    button.type = "button"
    button.setAttribute("aria-label", `${card.id}, ${card.facts}, distance ${card.distance}`)
    button.title = card.id
    button.onclick = () => model.send_msg(k)
    button.append(...(card.path ? [sketch(card.path, model.size)] : []), element("span", "distance", card.distance),
                  element("span", "facts", card.facts))
    const item = element("div", "item", "")
    item.setAttribute("role", "listitem")
    item.append(button)
    return item
  }))
  fill()
  model.on("cards", fill)
}
