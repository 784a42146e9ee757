// The browser's side of the spectrum: smoothing, redshift, line marks, frame, jumps to large residuals. Nothing asks the server
// but the choice of what is attributed to the pixels.
//
// Every control has an accessible name, and every action can be asked for by an event, which is what keys do:
//   window.dispatchEvent(new CustomEvent("atlas-spectrum", {detail: "more smoothing"}))
// The actions are the keys of `Desk.actions`. Where it stands at a desk for inspection it is given a scene, or a redshift, by the
// event "atlas-spectrum-give", and each change of the redshift is told by "atlas-spectrum-z".

const LIGHT = 299792.458 // km/s
const REACH = 4 // the kernel ends at 4 sigma
const WIDEST = 26 // pixels
const HIGHEST = 8 // redshift at the coarse slider's end
const LOST = 6000 // km/s from which on a redshift is wrong
const KEPT = "atlas spectrum" // what outlives an object, in this tab
const DEFAULTS = {smoothing: 0, lines: true, emission: null, absorption: null, major: true, rest: false, model: true,
                  pin: false, open: false}

/* Gaussian smoothing weighted by inverse variance, as `dashboard.spectrum.smooth`: [mean, error], NaN where a pixel is missing. */
export function smooth(values, ivar, sigma) {
  const n = values.length, mean = new Float64Array(n).fill(NaN), error = new Float64Array(n).fill(NaN)
  const reach = Math.ceil(REACH * sigma), kernel = new Float64Array(2 * reach + 1)
  for (let d = -reach; d <= reach; d++) { kernel[d + reach] = sigma > 0 ? Math.exp(-0.5 * (d / sigma) ** 2) : 1 }
  const weight = Float64Array.from(ivar, (w, i) => w > 0 && Number.isFinite(values[i]) ? w : 0)
  for (let i = 0; i < n; i++) {
    if (weight[i] === 0) { continue }
    let norm = 0, sum = 0, square = 0
    for (let j = Math.max(i - reach, 0); j <= Math.min(i + reach, n - 1); j++) {
      if (weight[j] === 0) { continue }
      const k = kernel[j - i + reach], kw = k * weight[j]
      norm += kw
      sum += kw * values[j]
      square += k * kw
    }
    mean[i] = sum / norm
    error[i] = Math.sqrt(square) / norm
  }
  return [mean, error]
}

/* Heights, 0 to 1, of names that begin at x (rising, in screen pixels): one that would run into an earlier one stands below it. */
export function heights(xs, names, letter = 6.6, steps = 4) {
  const ends = new Array(steps).fill(-Infinity)
  return xs.map((x, k) => {
    const free = ends.findIndex((end) => end < x)
    const step = free >= 0 ? free : ends.indexOf(Math.min(...ends))
    ends[step] = x + letter * (names[k].length + 1)
    return 0.985 - 0.085 * step
  })
}

/* How far the residual's axis goes both ways: all but the wildest pixels, 5 sigma at least and 25 at most. */
function reach_of(residual) {
  const sizes = residual.filter(Number.isFinite).map(Math.abs).sort()
  return clamp(1.15 * (sizes[Math.floor(0.997 * (sizes.length - 1))] ?? 0), 5, 25)
}

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    name.startsWith("on") ? element.addEventListener(name.slice(2), value) : element.setAttribute(name, value)
  }
  element.append(...children)
  return element
}

const HERE = {sync: false} // a change that the server is not told of
const ANEW = {sync: false, check_eq: false} // the same of a source's data, which need no comparing
/* Ends of the error band; where there is no flux they meet, for Bokeh would fill the gap between its shores. */
function band(mean, error) {
  const low = mean.map((f, i) => f - error[i]), high = mean.map((f, i) => f + error[i])
  let last = mean.find(Number.isFinite) ?? NaN
  for (let i = 0; i < mean.length; i++) {
    if (Number.isFinite(low[i])) last = mean[i]
    else low[i] = high[i] = last
  }
  return {low, high}
}

/* Gaussian smoothing of shares, of which none is lost: their sum stays but for the ends. */
function spread(values, sigma) {
  if (!(sigma > 0)) { return values }
  const reach = Math.ceil(REACH * sigma), n = values.length, out = new Float64Array(n)
  const kernel = Float64Array.from({length: 2 * reach + 1}, (_, k) => Math.exp(-0.5 * ((k - reach) / sigma) ** 2))
  const norm = kernel.reduce((sum, k) => sum + k, 0)
  for (let i = 0; i < n; i++) {
    if (values[i] === 0) { continue }
    for (let j = Math.max(i - reach, 0); j <= Math.min(i + reach, n - 1); j++) { out[j] += values[i] * kernel[j - i + reach] / norm }
  }
  return out
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high)

class Desk {
  constructor(model, document, el) {
    this.model = model
    const named = (name) => document.get_model_by_name(name + model.suffix)
    this.flux = named("spectrum")
    this.residual = named("residual")
    for (const name of ["pixels", "gaps", "marks", "stretch"]) { this[name] = named(name) }
    this.named = named
    this.wave = this.flux.x_range
    this.kept = {...DEFAULTS, ...JSON.parse(sessionStorage.getItem(KEPT) ?? "{}")}
    this.build(el)
    this.actions = {
      "lines": () => this.set({lines: !this.kept.lines}),
      "reconstruction": () => this.set({model: !this.kept.model}),
      "more smoothing": () => this.set({smoothing: Math.min(this.kept.smoothing + 1, WIDEST)}),
      "less smoothing": () => this.set({smoothing: Math.max(this.kept.smoothing - 1, 0)}),
      "redshift": () => { this.set({open: true}); this.box.focus(); this.box.select() },
      "higher redshift": () => this.move(this.z + 1e-4),
      "lower redshift": () => this.move(this.z - 1e-4),
      "catalogue redshift": () => this.move(this.scene.z ?? 0),
      "predicted redshift": () => Number.isFinite(this.scene.predicted?.z) && this.move(this.scene.predicted.z),
      "attribution": () => {
        this.chips.why.setAttribute("aria-busy", String(this.model.why === "")) // models may have to be loaded first
        this.model.send_msg({toggle: true})
      },
      "reset zoom": () => this.home(),
      "rest frame": () => this.set({rest: !this.kept.rest}),
      "pin window": () => this.set({pin: !this.kept.pin}),
      "next residual": () => this.jump(1),
      "previous residual": () => this.jump(-1),
    }
    const here = () => this.scene?.id && el.getClientRects().length // a page may have another spectrum, on a tab turned away
    this.asked = (event) => here() && this.actions[event.detail]?.()
    this.pointed = (event) => here() && this.read(event.detail)
    this.given = ({detail: {suffix, scene, z}}) => {
      if (suffix !== model.suffix) { return }
      if (scene) { this.take(scene) } else if (Number.isFinite(z)) { this.move(z) }
    }
    window.addEventListener("atlas-spectrum", this.asked)
    window.addEventListener("atlas-spectrum-at", this.pointed)
    window.addEventListener("atlas-spectrum-give", this.given)
    for (const property of [this.wave.properties.start, this.wave.properties.end, this.flux.properties.inner_width]) {
      property.change.connect(this.moved = () => this.soon())
    }
  }

  // ---- what stands in the row

  chip(name, text, title, press) {
    return make("button", {type: "button", class: "chip", "aria-label": name, title, onclick: press}, text)
  }

  slider(name, title, min, max, step, moved) {
    return make("input", {type: "range", "aria-label": name, title, min, max, step, oninput: (event) => moved(event.target.valueAsNumber)})
  }

  build(el) {
    const act = (name) => () => this.actions[name]()
    const kind = (name) => () => this.set({[name]: !this.shown(name), lines: true})
    this.chips = {
      lines: this.chip("Line marks", "Lines", "Line marks, at the redshift below (l)", act("lines")),
      emission: this.chip("Emission lines", "em", "Emission lines", kind("emission")),
      absorption: this.chip("Absorption lines", "abs", "Absorption lines", kind("absorption")),
      major: this.chip("Major lines only", "major", "Major lines only", () => this.set({major: !this.kept.major})),
      rest: this.chip("Rest frame", "Rest", "Wavelengths at rest instead of observed", act("rest frame")),
      model: this.chip("Reconstruction", "Model", "The reconstruction (t)", act("reconstruction")),
      pin: this.chip("Keep the window", "Pin", "Keep this window when another object comes", act("pin window")),
      back: this.chip("Previous residual", "‹", "Previous of the largest residuals", act("previous residual")),
      next: this.chip("Next largest residual", "›", "Next largest residual", act("next residual")),
      why: this.chip("Attribution", "Why", "Which pixels speak for the redshift, a class or a latent (a)", act("attribution")),
      open: this.chip("Redshift and smoothing", "", "Redshift and smoothing", () => this.set({open: !this.kept.open})),
    }
    this.rank = make("output", {class: "rank", "aria-live": "polite"})
    const {lines, emission, absorption, major, rest, model, pin, back, next, why, open} = this.chips
    const row = make("div", {class: "row", role: "toolbar", "aria-label": "Spectrum"},
      make("span", {class: "joined"}, lines, emission, absorption, major), rest, model, pin,
      make("span", {class: "joined"}, back, this.rank, next), why)
    this.said = make("div", {class: "said", role: "group", "aria-label": "What models say"})
    const asks = () => this.ask()
    this.target = make("select", {"aria-label": "What is attributed to the pixels", title: "What is attributed", onchange: asks})
    this.method = make("select", {"aria-label": "Method of attribution", title: "Method", onchange: asks})
    this.told = make("output", {class: "told", title: "The number for the spectrum, and for its continuum alone. The strip shares " +
      "what lies between them among the pixels: amber raises the number, blue lowers it"})
    this.question = make("span", {class: "question"}, this.target, this.method, this.told)
    row.append(open, this.question)
    why.hidden = !this.model.asks

    this.smoothing = this.slider("Smoothing", "Gaussian, weighted by inverse variance (s, d)", 0, WIDEST, 0.5,
                                 (value) => this.set({smoothing: value}))
    this.width = make("output", {class: "value"})
    this.coarse = this.slider("Coarse redshift", "Redshift, in steps of 0.01", 0, HIGHEST, 0.01,
                              (value) => this.move(value + this.fine.valueAsNumber))
    this.fine = this.slider("Fine redshift", "Redshift, in steps of 0.0001 ([ and ])", -0.01, 0.01, 0.0001,
                            (value) => this.move(this.coarse.valueAsNumber + value))
    this.box = make("input", {type: "text", inputmode: "decimal", "aria-label": "Redshift", title: "Redshift (z)", size: 8,
                              spellcheck: "false", autocomplete: "off", onchange: () => this.typed()})
    this.reset = this.chip("Catalogue redshift", "reset", "Back to the catalogue's redshift", act("catalogue redshift"))
    this.shift = make("output", {class: "shift"})
    const small = (name, action, text) => this.chip(name, text, name, act(action))
    const name = (text) => make("span", {class: "name"}, text)
    this.sliders = make("div", {class: "sliders"},
      make("div", {class: "slide"}, name("Smoothing"), small("Less smoothing", "less smoothing", "−"), this.smoothing,
           small("More smoothing", "more smoothing", "+"), this.width, this.shift),
      make("div", {class: "slide"}, name("Redshift"), this.coarse, small("Lower redshift", "lower redshift", "−"), this.fine,
           small("Higher redshift", "higher redshift", "+"), this.box, this.reset))
    this.reading = make("output", {class: "reading", "aria-label": "Reading"})
    el.replaceChildren(make("div", {class: "desk"}, this.said, row, this.sliders, this.reading))
  }

  /* Whether emission or absorption lines are marked: as chosen, else as suits the object. */
  shown(kind) {
    return this.kept[kind] ?? (kind === "absorption") === this.scene.star
  }

  say() {
    const {kept, z, scene} = this, catalogue = scene.z ?? 0, moved = Math.abs(z - catalogue) > 5e-8
    const press = (name, on) => this.chips[name].setAttribute("aria-pressed", String(on))
    for (const name of ["lines", "major", "rest", "model", "pin"]) { press(name, kept[name]) }
    for (const name of ["emission", "absorption"]) { press(name, this.shown(name)) }
    this.chips.open.setAttribute("aria-expanded", String(kept.open))
    this.chips.open.textContent = `z ${z.toFixed(4)}${kept.smoothing > 0 ? ` · ${kept.smoothing} px` : ""}`
    this.chips.open.classList.toggle("changed", moved || kept.smoothing > 0)
    this.sliders.hidden = !kept.open
    this.smoothing.value = kept.smoothing
    this.width.textContent = `${kept.smoothing} px`
    this.coarse.value = clamp(Math.round(z * 100) / 100, 0, HIGHEST)
    this.fine.value = z - this.coarse.valueAsNumber
    if (this.box.getRootNode().activeElement !== this.box) { this.box.value = z.toFixed(5) }
    this.box.removeAttribute("aria-invalid")
    this.reset.disabled = !moved
    const speed = LIGHT * (z - catalogue) / (1 + catalogue)
    this.shift.textContent = scene.z === null ? "no catalogue redshift"
      : `Δv ${moved && speed > 0 ? "+" : ""}${Math.round(speed).toLocaleString("en-GB")} km/s from ${catalogue.toFixed(4)}`
    const n = scene.stretches.length
    this.rank.textContent = n === 0 ? "no residual" : this.at < 0 ? "residuals" : `${this.at + 1} of ${n}`
    this.chips.back.disabled = this.chips.next.disabled = n === 0
    this.chips.model.disabled = !scene.modelled
    press("why", this.model.why !== "")
    this.take_chip?.toggleAttribute("disabled", Math.abs(z - scene.predicted.z) < 5e-6)
    window.dispatchEvent(new CustomEvent("atlas-spectrum-z", {detail: {suffix: this.model.suffix, z, moved}}))
  }

  /* What models say of the object, beside what its catalogue says. */
  badges() {
    const {kind, kind_conf, agrees, z, z_conf, dv, unlike} = this.scene.predicted ?? {}
    const part = (name, value, note, odd = false, title = "") => make("span", {class: odd ? "badge odd" : "badge", title}, name + " ",
      make("b", {}, value), note ? ` ${note}` : "")
    const share = (value) => value === null ? "" : `${(100 * value).toFixed(value > 0.9995 || value < 0.0005 ? 0 : value > 0.99 ? 1 : 0)} %`
    const parts = []
    this.take_chip = null
    if (kind) { parts.push(part("class", kind, share(kind_conf), agrees === false, agrees === false ? "The catalogue has another class" : "Probability beside it")) }
    if (Number.isFinite(z)) {
      const off = dv === null ? "" : `Δv ${dv < 0 ? "−" : "+"}${Math.abs(Math.round(dv)).toLocaleString("en-GB")} km/s`
      parts.push(part("z", z.toFixed(4), [share(z_conf), off].filter(Boolean).join(" · "), Math.abs(dv) > LOST,
                      "Predicted redshift, its probability to be right, and how far it is from the catalogue's"))
      this.take_chip = this.chip("Take the predicted redshift", "take", "Line marks at the predicted redshift",
                                 () => this.actions["predicted redshift"]())
      parts.push(this.take_chip)
    }
    if (unlike !== null && unlike !== undefined) {
      parts.push(part("unlike", unlike.toFixed(2), "", unlike > 0.99, "Stranger than this share of known spectra"))
    }
    this.said.replaceChildren(...parts.length ? [make("span", {class: "who"}, "Predicted"), ...parts] : [])
    this.said.hidden = parts.length === 0
  }

  // ---- attribution: what the server is asked, and what it answered

  ask() {
    const [run, target] = JSON.parse(this.target.value)
    this.model.send_msg({why: `${run}/${target}/${this.method.value}`})
  }

  list() {
    const {runs = [], methods = {}} = this.model.menu
    this.target.replaceChildren(...runs.map(([run, targets]) => make("optgroup", {label: run}, ...targets.map((target) =>
      make("option", {value: JSON.stringify([run, target])}, target)))))
    this.method.replaceChildren(...Object.entries(methods).map(([name, text]) => make("option", {value: name}, text)))
    this.asks()
  }

  asks() {
    const why = this.model.why, [run, target, method] = why.split("/")
    this.question.hidden = why === ""
    this.chips.why.removeAttribute("aria-busy")
    if (why !== "") {
      this.target.value = JSON.stringify([run, target])
      this.method.value = method
    }
    if (this.scene) { this.share(); this.say() }
  }

  /* The strip: shares of the object that is shown, in the frame that is shown; blank until they are there. */
  share() {
    const {answer, why} = this.model, figure = this.named("attribution"), source = this.named("shares")
    const fits = why !== "" && answer.id === this.scene.id && answer.why === why
    this.told.textContent = fits ? answer.said : why !== "" ? "working …" : ""
    if (!figure || !source) { return }
    const shares = fits ? spread(answer.pixels, this.kept.smoothing) : []
    const data = {wave: Float64Array.from(fits ? answer.wave : [], (wave) => wave * this.scale),
                  up: Float64Array.from(shares, (share) => Math.max(share, 0)), down: Float64Array.from(shares, (share) => Math.min(share, 0))}
    const low = 1.06 * data.down.reduce((most, share) => Math.min(most, share), 0)
    const high = 1.06 * data.up.reduce((most, share) => Math.max(most, share), 0), room = 0.06 * (high - low)
    const [start, end] = high > low ? [low - room, high + room] : [-1, 1]
    figure.y_range.setv({start, end, reset_start: start, reset_end: end}, HERE)
    source.setv({data}, ANEW)
  }

  // ---- what is changed

  take(scene) {
    if (!scene?.id) { return }
    const window_ = this.scene && this.kept.pin ? [this.wave.start, this.wave.end] : null
    this.scene = {...scene, modelled: scene.model.some(Number.isFinite)}
    this.z = scene.z ?? 0
    this.at = -1
    this.badges()
    this.flux.title.setv({text: this.model.labels[scene.calibrated ? "flux" : "counts"]}, HERE)
    this.draw()
    window_ === null ? this.home() : this.look(...window_, true)
  }

  set(choices) {
    const before = this.kept.rest
    Object.assign(this.kept, choices)
    sessionStorage.setItem(KEPT, JSON.stringify(this.kept))
    const whole = this.whole, {start, end} = this.wave
    this.draw()
    const factor = before === this.kept.rest ? 1 : this.kept.rest ? 1 / (1 + this.z) : 1 + this.z
    if (factor !== 1) { whole ? this.home() : this.look(start * factor, end * factor) }
    if ("open" in choices || "rest" in choices) { this.soon() }
  }

  move(z) {
    const whole = this.whole
    this.z = clamp(z, -0.02, 20)
    this.draw()
    if (whole && this.kept.rest) { this.home(false) }
  }

  typed() {
    const z = Number(this.box.value.replace(",", "."))
    if (this.box.value.trim() === "" || !Number.isFinite(z) || z <= -0.02 || z >= 20) {
      this.box.setAttribute("aria-invalid", "true")
    } else {
      this.move(z)
      this.box.value = this.z.toFixed(5)
    }
  }

  // ---- what is in view

  get ends() { return this.scene.covered.map((wave) => wave * this.scale) }
  get scale() { return this.kept.rest ? 1 / (1 + this.z) : 1 }
  get whole() { return this.wave.start === this.wave.reset_start && this.wave.end === this.wave.reset_end }

  home(flux = true) {
    const [start, end] = this.ends
    this.wave.setv({start, end, reset_start: start, reset_end: end}, HERE)
    if (flux) { this.fit(...this.scene.flux_range) }
  }

  /* Look at a window; with `fit` the flux axis follows what is in it. */
  look(start, end, fit = false) {
    const [reset_start, reset_end] = this.ends
    this.wave.setv({start, end, reset_start, reset_end}, HERE)
    if (!fit) { return }
    const {wave, flux, model} = this.pixels.data
    let low = Infinity, high = -Infinity
    for (let i = 0; i < wave.length; i++) {
      if (wave[i] < start || wave[i] > end || !Number.isFinite(flux[i])) { continue }
      low = Math.min(low, flux[i], Number.isFinite(model[i]) ? model[i] : flux[i])
      high = Math.max(high, flux[i], Number.isFinite(model[i]) ? model[i] : flux[i])
    }
    const room = 0.12 * (high - low)
    high > low ? this.fit(low - room, high + 2.5 * room) : this.fit(...this.scene.flux_range)
  }

  fit(start, end) {
    const [reset_start, reset_end] = this.scene.flux_range
    this.flux.y_range.setv({start, end, reset_start, reset_end}, HERE)
  }

  jump(step) {
    const n = this.scene.stretches.length
    if (n === 0) { return }
    this.at = this.at < 0 ? (step > 0 ? 0 : n - 1) : (this.at + step + n) % n
    const [wave, first, last] = this.scene.stretches[this.at]
    const half = 3 * (last - first) + 0.015 * wave
    this.draw()
    this.look((wave - half) * this.scale, (wave + half) * this.scale, true)
  }

  // ---- what is drawn

  draw() {
    const {scene, kept, scale} = this, {wave, flux, ivar, model} = scene, n = wave.length
    const known = scene.modelled
    if (this.smoothed?.scene !== scene || this.smoothed.sigma !== kept.smoothing) {
      const [mean, error] = smooth(flux, ivar, kept.smoothing)
      const [rest] = known ? smooth(model, ivar, kept.smoothing) : [new Float64Array(n).fill(NaN)]
      const [off, by] = known ? smooth(flux.map((f, i) => f - model[i]), ivar, kept.smoothing) : [rest, rest]
      this.smoothed = {scene, sigma: kept.smoothing, flux: mean, sigmas: error, residual: off.map((r, i) => r / by[i]),
                       model: kept.smoothing > 0 ? rest : model, ...band(mean, error)}
      const end = reach_of(this.smoothed.residual), start = -end
      this.residual.y_range.setv({start, end, reset_start: start, reset_end: end}, HERE)
    }
    const {flux: mean, sigmas: sigma, model: drawn, residual, low, high} = this.smoothed
    const data = {wave: Float64Array.from(wave, (w) => w * scale), flux: mean, low, high, sigma, model: drawn, residual,
                  observed: wave, rest: Float64Array.from(wave, (w) => w / (1 + this.z))}
    this.pixels.setv({data}, ANEW)
    const strips = {x0: scene.gaps.map(([a]) => a * scale), x1: scene.gaps.map(([, b]) => b * scale)}
    this.gaps.setv({data: strips}, ANEW)
    this.strip()
    this.mark()
    this.share()
    for (const renderer of this.flux.renderers) {
      if (renderer.name === "model") { renderer.setv({visible: kept.model}, HERE) }
    }
    this.residual.xaxis?.[0]?.setv({axis_label: this.model.labels[kept.rest ? "rest" : "observed"]}, HERE)
    this.say()
  }

  /* The stretch that was jumped to, with its strength said. */
  strip() {
    const data = {x0: [], x1: [], wave: [], text: []}
    if (this.at >= 0) {
      const [wave, first, last, sigma] = this.scene.stretches[this.at]
      const said = `${sigma > 0 ? "+" : "−"}${Math.abs(sigma).toFixed(1)} σ at ${wave.toFixed(0)} Å`
      data.x0.push(first * this.scale)
      data.x1.push(last * this.scale)
      data.wave.push(wave * this.scale)
      data.text.push(said)
      this.rank.title = said
    }
    this.stretch.setv({data}, ANEW)
  }

  mark() {
    const {scene, kept, wave: axis} = this, stretch = kept.rest ? 1 : 1 + this.z
    const [first, last] = this.ends, data = {wave: [], name: [], height: []}
    for (const [name, rest, kind, major] of this.model.lines) {
      const wave = rest * stretch, balmer = scene.star && /^H[α-ω]/.test(name)
      if (kept.lines && (major || !kept.major) && wave > first && wave < last && this.shown(balmer ? "absorption" : kind)) {
        data.wave.push(wave)
        data.name.push(name)
      }
    }
    const wide = (this.flux.inner_width || 400) / (axis.end - axis.start)
    data.height = heights(data.wave.map((wave) => wave * wide), data.name)
    this.marks.setv({data}, ANEW)
  }

  /* Say what stands under the pointer, at a wavelength of the axis; null when it has left. */
  read(at) {
    const {wave, flux, sigma, residual, observed, rest} = this.pixels.data
    if (at === null || !(wave?.length)) { this.reading.replaceChildren(); return }
    let low = 0, high = wave.length - 1
    while (high - low > 1) { const half = (low + high) >> 1; wave[half] > at ? high = half : low = half }
    const i = at - wave[low] < wave[high] - at ? low : high
    const parts = [`${observed[i].toFixed(1)} Å`, `rest ${rest[i].toFixed(1)}`]
    parts.push(Number.isFinite(flux[i]) ? `${flux[i].toPrecision(3)} ± ${sigma[i].toPrecision(2)}` : "masked")
    if (Number.isFinite(residual[i])) {
      parts.push(`${residual[i] < 0 ? "−" : "+"}${Math.abs(residual[i]).toFixed(1)} σ`)
    }
    this.reading.replaceChildren(...parts.map((part) => make("span", {}, part)))
  }

  /* Place the names anew at the next frame. */
  soon() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; if (this.scene) { this.mark() } })
  }

  leave() {
    window.removeEventListener("atlas-spectrum", this.asked)
    window.removeEventListener("atlas-spectrum-at", this.pointed)
    window.removeEventListener("atlas-spectrum-give", this.given)
    for (const property of [this.wave.properties.start, this.wave.properties.end, this.flux.properties.inner_width]) {
      property.change.disconnect(this.moved)
    }
  }
}

export function render({model, view, el}) {
  view.desk?.leave()
  const desk = view.desk = new Desk(model, view.model.document, el)
  desk.list()
  desk.take(model.scene)
  window.dispatchEvent(new CustomEvent("atlas-spectrum-ready", {detail: {suffix: model.suffix}}))
  model.on("scene", () => desk.take(model.scene))
  model.on("menu", () => desk.list())
  model.on("why", () => desk.asks())
  model.on("answer", () => desk.scene && desk.share())
  model.on("lifecycle:remove", () => desk.leave())
}
