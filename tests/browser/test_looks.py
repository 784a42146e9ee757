"""Both themes, both sizes: nothing overlaps, nothing is cut off, nothing scrolls."""

import itertools

import pytest

SIZES = [(1280, 720), (1920, 1080)]
_BOXES = """() => {
  const boxes = {}, wanted = ["atlas-card", "control", "store", "legend", "bar", "counts", "head"]
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      const box = element.getBoundingClientRect()
      const name = [...element.classList].find((word) => wanted.includes(word))
      if (name && box.width > 0 && box.height > 0) {
        (boxes[name] ??= []).push({x: box.x, y: box.y, right: box.right, bottom: box.bottom,
                                   cut: element.scrollWidth > element.clientWidth + 1})
      }
      if (element.shadowRoot) { walk(element.shadowRoot) }
    }
  }
  walk(document)
  return boxes
}"""


def overlap(one, other):
    wide = min(one["right"], other["right"]) - max(one["x"], other["x"])
    high = min(one["bottom"], other["bottom"]) - max(one["y"], other["y"])
    return wide > 1 and high > 1


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("query", ["?focus=test:one:00003", "?maps=latent_0,latent_1&colour_by=z&focus=test:one:00003", ""])
def test_nothing_overlaps_or_is_cut_off(atlas, size, query):
    page = atlas(query, size=size)
    if query:
        page.page.locator(".head .id").wait_for()
    page.page.wait_for_timeout(500)
    boxes = page.page.evaluate(_BOXES)
    assert len(boxes["atlas-card"]) == 2 and len(boxes["control"]) >= 3 and len(boxes["counts"]) == 1
    for name in ("atlas-card", "control"):
        for one, other in itertools.combinations(boxes[name], 2):
            assert not overlap(one, other), name
    for one, other in itertools.combinations([*boxes.get("legend", []), *boxes.get("bar", []), *boxes["counts"]], 2):
        assert not overlap(one, other)
    for name, box in ((name, box) for name, some in boxes.items() for box in some):
        assert box["x"] >= 0 and box["y"] >= 0 and box["right"] <= size[0] and box["bottom"] <= size[1], name
    assert not any(box["cut"] for name in ("counts", "store", "head") for box in boxes.get(name, []))
    document = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert page.page.evaluate(document) == list(size), "the page does not scroll"
    map_card = max(boxes["atlas-card"], key=lambda box: box["right"] - box["x"])
    assert 0.52 < (map_card["right"] - map_card["x"]) / size[0] < 0.68


BRIGHT = """() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)
  .reduce((sum, part) => sum + part) > 382"""


@pytest.mark.parametrize(("scheme", "bright"), [("dark", False), ("light", True)])
def test_the_theme_follows_the_system_and_then_the_user(atlas, scheme, bright):
    page = atlas(scheme=scheme)
    page.page.wait_for_function(f"() => ({BRIGHT})() === {str(bright).lower()}")
    page.page.get_by_role("button", name="Dark or light").click()
    page.page.wait_for_function(f"() => ({BRIGHT})() !== {str(bright).lower()}")
    page.address_has(f"theme={'dark' if bright else 'light'}")
    page.page.reload()
    page.wait()
    page.page.wait_for_function(f"() => ({BRIGHT})() !== {str(bright).lower()}")  # the user's choice outlives a reload


def test_a_page_follows_the_system_while_it_is_open(atlas):
    page = atlas(scheme="dark")
    page.page.emulate_media(color_scheme="light")
    page.page.wait_for_function(BRIGHT)
