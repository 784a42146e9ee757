// Aladin Lite in a sandboxed frame. It is told what to show by messages and answers with the number of a clicked object.

const PAGE = (script, ink) => `<!doctype html><meta charset="utf-8">
<style>
  html, body, #sky { margin: 0; height: 100%; overflow: hidden; background: transparent; }
  p { color: ${ink}; font: 13px/1.6 system-ui, sans-serif; text-align: center; margin: 0; padding: 24px 20px; }
</style>
<div id="sky"></div>
<script>
  const say = (text) => {
    document.getElementById("sky").replaceChildren(Object.assign(document.createElement("p"), {textContent: text}))
    parent.postMessage({said: text}, "*")
  }
  const offline = () => say("Aladin Lite cannot be reached: this machine seems to be offline. " +
                            "The density above needs no internet.")
  say("Loading Aladin Lite from aladin.cds.unistra.fr …")
  let waiting = null, show = (what) => { waiting = what }
  addEventListener("message", (event) => { if (event.source === parent) { show(event.data) } })
  const begin = () => A.init.then(() => {
    document.getElementById("sky").replaceChildren()
    const sky = A.aladin("#sky", {survey: "P/DSS2/color", projection: "SIN", fov: 60, cooFrame: "equatorial",
                                  showReticle: false, showCooGridControl: true})
    let objects = null, centre = null, moved = false
    show = ({positions, focus, colours}) => {
      sky.removeOverlays()
      objects = A.catalog({name: "Selection", sourceSize: 9, color: colours[0], onClick: "showTable"})
      sky.addCatalog(objects)
      objects.addSources(positions.map(([ra, dec], k) => A.source(ra, dec, {k})))
      centre = A.catalog({name: "Focus", sourceSize: 18, color: colours[1], shape: "circle"})
      sky.addCatalog(centre)
      if (focus.length) { centre.addSources([A.source(...focus, {k: -1})]) }
      const target = focus.length ? focus : positions[0]
      if (target && !(moved && !focus.length)) { sky.gotoRaDec(...target); sky.setFov(focus.length ? 0.1 : 60) }
      moved = true
    }
    sky.on("objectClicked", (object) => {
      if (object?.data?.k >= 0) { parent.postMessage({clicked: object.data.k}, "*") }
    })
    parent.postMessage({said: ""}, "*")
    if (waiting) { show(waiting) }
  }, offline)
  setTimeout(() => { if (!window.A) { offline() } }, 20000)
</script>
<script src="${script}" onload="begin()" onerror="offline()"></script>`

export function render({model, el}) {
  const frame = document.createElement("iframe")
  frame.setAttribute("sandbox", "allow-scripts")
  frame.setAttribute("referrerpolicy", "no-referrer")
  frame.title = "Aladin Lite"
  frame.style.cssText = "width: 100%; height: 100%; border: 0; display: block"
  const show = () => frame.contentWindow?.postMessage(
    {positions: model.positions, focus: model.focus, colours: model.colours}, "*")
  const hear = (event) => {
    if (event.source === frame.contentWindow && Number.isInteger(event.data?.clicked)) { model.send_msg(event.data.clicked) }
  }
  window.addEventListener("message", hear)
  frame.addEventListener("load", show)
  frame.srcdoc = PAGE(model.script, getComputedStyle(el).getPropertyValue("--mui-palette-text-secondary") || "#808890")
  for (const name of ["positions", "focus", "colours"]) { model.on(name, show) }
  model.on("remove", () => window.removeEventListener("message", hear))
  el.style.height = "100%"
  el.append(frame)
}
