// Fetches a file that the server has made: the address is followed once, as a click on a link would.
export function render({model}) {
  model.on("address", () => {
    if (!model.address) { return }
    const link = document.createElement("a")
    link.href = model.address
    link.download = ""
    document.body.append(link)
    link.click()
    link.remove()
  })
}
