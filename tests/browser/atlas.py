"""The dashboard's page as a test talks to it."""

import re

import numpy as np

from dashboard.chromium import DRAWN

PATIENCE_MS = 60_000

_PLACE = """([name, xs, ys]) => {
  const view = Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name(name))
  const box = view.canvas_view.el.getBoundingClientRect()
  return xs.map((x, k) => [box.x + view.frame.x_scale.compute(x), box.y + view.frame.y_scale.compute(ys[k])])
}"""
_COLUMN = """([name, renderer, column]) => {
  const data = Bokeh.documents[0].get_model_by_name(name).renderers[renderer].data_source.data[column]
  return Array.from(data, (value) => Number.isFinite(value) ? value : null)
}"""


class AtlasPage:
    """One tab; `complaints` are the console's errors, `elsewhere` requests to other hosts."""

    def __init__(self, chromium, url, size, scheme):
        self.page = chromium.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
        self.complaints, self.elsewhere = [], []
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._watch)
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.goto(url)
        self.wait()

    def _watch(self, request):
        if re.match(r"(https?|wss?):", request.url) and not re.match(r"\w+://(localhost|127\.0\.0\.1)[:/]", request.url):
            self.elsewhere.append(request.url)

    def wait(self):
        """Until the map is drawn."""
        self.page.wait_for_function(DRAWN, timeout=PATIENCE_MS)

    def close(self):
        self.page.close()

    def counts(self):
        """The counts line as numbers: in view, drawn, selected, in the catalogue."""
        return [int(number.replace(",", "")) for number in re.findall(r"[\d,]+", self.page.locator(".counts").inner_text())]

    def wait_for_counts(self, **wanted):
        names = ("in_view", "drawn", "selected", "catalogue")
        for _ in range(PATIENCE_MS // 50):
            if all(self.counts()[names.index(name)] == number for name, number in wanted.items()):
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"counts are {self.counts()}, wanted {wanted}")

    def places(self, xs, ys, name="map"):
        """Screen coordinates of data coordinates, shape (n, 2)."""
        return np.array(self.page.evaluate(_PLACE, [name, [float(x) for x in xs], [float(y) for y in ys]]))

    def column(self, name, renderer, column):
        """What the browser holds of a figure's data, shape (n,)."""
        return np.array(self.page.evaluate(_COLUMN, [name, renderer, column]), float)

    def data(self, name, renderer, column):
        """What the browser holds of a named renderer of a figure, shape (n,)."""
        number = self.page.evaluate("([name, renderer]) => Bokeh.documents[0].get_model_by_name(name).renderers"
                                    ".findIndex((one) => one.name == renderer)", [name, renderer])
        return self.column(name, number, column)

    def wait_for_figure(self, name, least):
        """Until a figure stands on the page, at least so many pixels wide and high."""
        self.page.wait_for_function("""([name, least]) => {
          const model = Bokeh.documents[0].get_model_by_name(name)
          const box = model && Bokeh.index.find_one(model)?.el.getBoundingClientRect()
          return box && Math.min(box.width, box.height) > least
        }""", arg=[name, least])

    def tap(self, x, y):
        (place,) = self.places([x], [y])
        self.page.mouse.click(*place)

    def lasso(self, xs, ys):
        """Draw along data coordinates; returns nothing, the page does the rest."""
        first, *others = self.places(xs, ys)
        self.page.mouse.move(*first)
        self.page.mouse.down()
        for place in others:
            self.page.mouse.move(*place)
        self.page.mouse.up()

    def choose(self, label, option):
        self.page.get_by_role("combobox", name=label).click()
        self.page.locator(".MuiMenuItem-root", has_text=re.compile(f"^{re.escape(option)}$")).click()
        self.page.locator(".MuiMenuItem-root").first.wait_for(state="hidden")

    def shown_id(self):
        return self.page.locator(".head .id").inner_text()

    def address_has(self, *words):
        self.page.wait_for_function("words => words.every((word) => window.location.search.includes(word))", arg=list(words))
