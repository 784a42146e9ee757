// The slim row above an image: chips and sliders of how it is drawn. Each change is told to the server by name; what is chosen
// comes back in `chosen`, so that the row always says what is in force.

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) { node.addEventListener(name.slice(2), value) }
    else if (value !== null && value !== false) { node.setAttribute(name, value) }
  }
  node.append(...children)
  return node
}

export function render({model, el}) {
  const row = make("div", {class: "row"})
  el.replaceChildren(make("div", {class: "desk image-desk"}, row))
  let marks = []
  const tell = (name, value) => model.send_msg({name, value})

  const chip = (name, value, text, title, pressed, click) => {
    const button = make("button", {type: "button", class: "chip", title, "aria-label": title, onclick: click}, text)
    marks.push(() => button.setAttribute("aria-pressed", String(pressed())))
    return button
  }
  const one_of = (name, title, options) => make("span", {class: "joined", role: "group", "aria-label": title},
    ...options.map(([value, text, said]) => chip(name, value, text, said, () => model.chosen[name] === value, () => tell(name, value))))
  const on_off = (name, text, title, needs = null) => { // of use while another choice is made
    const button = chip(name, true, text, title, () => Boolean(model.chosen[name]), () => tell(name, !model.chosen[name]))
    marks.push(() => { button.hidden = needs !== null && !model.chosen[needs] })
    return button
  }
  const slider = (name, text, title, [min, max]) => { // equal steps are equal factors
    const input = make("input", {type: "range", min: Math.log(min), max: Math.log(max), step: Math.log(max / min) / 120,
                                 "aria-label": title, oninput: () => { say(Math.exp(input.value)); tell(name, Math.exp(input.value)) },
                                 ondblclick: () => tell(name, null)})
    const value = make("span", {class: "value"})
    const say = (number) => { value.textContent = number < 10 ? number.toFixed(1) : number.toFixed(0) }
    marks.push(() => {
      if (!input.matches(":active")) { input.value = Math.log(model.chosen[name]) }
      say(model.chosen[name])
    })
    return make("span", {class: "slide", title: `${title}; twice a click: as it was`}, make("span", {}, text), input, value)
  }
  const menu = (name, title, options) => {
    const select = make("select", {"aria-label": title, title, onchange: () => tell(name, select.value)},
      ...options.map(([value, text]) => make("option", {value}, text)))
    marks.push(() => { select.value = model.chosen[name] })
    return select
  }
  const sliders = (each) => make("span", {class: "pair"}, ...each.map((words) => slider(...words)))
  const made = {one_of, on_off, sliders, menu}

  const build = () => {
    marks = []
    row.replaceChildren(...model.controls.map(([kind, ...words]) => made[kind](...words)))
    mark()
  }
  const mark = () => marks.forEach((each) => each())
  model.on("controls", build)
  model.on("chosen", mark)
  build()
}
