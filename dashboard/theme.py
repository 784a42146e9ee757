"""Looks: the colours of the dark and the light theme, and the template that follows the system's choice at once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FONT = "Inter, 'Segoe UI', 'Helvetica Neue', 'Noto Sans', Roboto, Arial, sans-serif"

INK = {
    "dark": {"page": "#0c0e11", "surface": "#12151a", "line": "#262c34", "text": "#d8dde3", "muted": "#8d96a1",
             "accent": "#86b6e8", "on_accent": "#12151a", "model": "#f0a35e", "mark": "#ffffff", "under": "#000000",
             "flux": "#b9c7d6", "warn": "#e0b454", "ground": "#2b323b", "a": "#56b4e9", "b": "#e69f00"},
    "light": {"page": "#eef0f2", "surface": "#fbfcfd", "line": "#d9dde2", "text": "#1b2127", "muted": "#5a646f",
              "accent": "#1d5c9e", "on_accent": "#fbfcfd", "model": "#c2410c", "mark": "#10151a", "under": "#ffffff",
              "flux": "#34495e", "warn": "#8a5c00", "ground": "#dde1e6", "a": "#0072b2", "b": "#c4650a"},
}
"""Named colours of both themes; "a" and "b" are those of the two slots."""

_STILL = {"@media (prefers-reduced-motion: reduce)": {"transition": "none !important", "animation": "none !important"}}


def _palette(ink: dict[str, str]) -> dict:
    return {
        "palette": {
            "primary": {"main": ink["accent"], "contrastText": ink["on_accent"]},
            "background": {"default": ink["page"], "paper": ink["surface"]},
            "text": {"primary": ink["text"], "secondary": ink["muted"]},
            "divider": ink["line"],
        },
        "typography": {"fontFamily": FONT, "fontSize": 12.5, "htmlFontSize": 16},
        "shape": {"borderRadius": 4},
        "components": {
            "MuiButtonBase": {"styleOverrides": {"root": {
                "&.Mui-focusVisible": {"outline": f"2px solid {ink['accent']}", "outlineOffset": "-2px"}} | _STILL}},
            **{name: {"defaultProps": {"transitionDuration": 0}} for name in ("MuiPopover", "MuiMenu")},
            "MuiPaper": {"styleOverrides": {"root": {"backgroundImage": "none"}}},
            "MuiListSubheader": {"styleOverrides": {"root": {"lineHeight": "30px", "fontSize": "11px", "color": ink["muted"]}}},
            "MuiMenuItem": {"styleOverrides": {"root": {"minHeight": "28px", "paddingTop": "3px", "paddingBottom": "3px"}}},
        },
    }


THEME_CONFIG = {name: _palette(ink) for name, ink in INK.items()}
"""What the page's components are themed with."""

PAGE_SX = {
    # these two words make the bar's widgets take the page's own colours instead of white on blue
    ".MuiAppBar-root": {"bgcolor": "primary.contrastText", "color": "primary.main", "boxShadow": "none",
                        "backgroundImage": "none", "borderBottom": "1px solid", "borderColor": "divider"},
    ".MuiToolbar-root": {"minHeight": "52px !important", "height": "52px", "px": "14px !important"},
    ".MuiAppBar-root .title": {"fontSize": "15px", "fontWeight": 600, "letterSpacing": "0.01em", "color": "text.primary",
                               "whiteSpace": "nowrap"},
    ".main": {"backgroundColor": "background.default"},
    ".main .MuiToolbar-root": {"margin": "0 !important"},
    "*": _STILL,
}
"""The page's frame: a low, quiet bar."""

# Before anything is drawn: take the theme from the address, else from the system, so that no page flashes white.
TEMPLATE = """
{% extends "base.html" %}
{% block preamble %}
{{ super() }}
<script>
  (() => {
    const system = window.matchMedia("(prefers-color-scheme: dark)")
    const word = new URLSearchParams(window.location.search).get("theme")
    const chosen = ["dark", "light"].includes(word) ? word : null
    const follow = () => {
      document.documentElement.dataset.theme = chosen ?? (system.matches ? "dark" : "light")
    }
    follow()
    system.addEventListener("change", follow)
  })()
</script>
<style>
  :where(:root[data-theme="dark"]) { --mui-palette-background-default: PAGE_DARK; color-scheme: dark; }
  :where(:root[data-theme="light"]) { --mui-palette-background-default: PAGE_LIGHT; }
  #loader { background: transparent !important; cursor: progress; }
  :root:not([data-ready]) #loader { display: flex !important; }
  :root[data-stands] #loader .spinner { display: none; }
</style>
{% endblock %}
{% block loader_script %}
{{ super() }}
<script>
  // The map is seen as soon as it stands. The veil, now without its wheel, stays until the whole document is idle (the base
  // page waits for its first root only): what is done to the page before Panel knows that it is there would be lost.
  (function stands() {
    const page = document.documentElement.dataset, known = window.Bokeh?.documents?.[0], map = known?.get_model_by_name("map")
    if (map && Bokeh.index.find_one(map)) page.stands = ""
    if (known?.is_idle || performance.now() > 30000) page.ready = page.stands = ""
    else setTimeout(stands, 50)
  })()
</script>
{% endblock %}
""".replace("PAGE_DARK", INK["dark"]["page"]).replace("PAGE_LIGHT", INK["light"]["page"])


TABS_SX = {
    ".MuiTabs-root, .MuiTabs-scroller": {"minHeight": "34px"},
    ".MuiTab-root": {"textTransform": "none", "minHeight": "34px", "minWidth": "0", "padding": "4px 11px",
                     "fontSize": "12.5px"},
}
"""Low tabs that don't shout."""

PLOT_CSS = ".bk-Canvas { --outline-width: 0px; }"
"""A plot that was clicked needs no frame."""

TOOLBAR_CSS = ":host(.bk-above) { padding-left: 24px; } .bk-divider { opacity: 0; }"
"""Without room to spare Bokeh hides the last tools in a menu."""


@cache
def css(name: str = "atlas") -> str:
    """A stylesheet of the page's own panes, by the name of its file in ``assets/css``; "atlas" is what all share."""
    here = Path(__file__).resolve().parent
    folders = here / "css", here.parent / "assets" / "css"  # installed, or in the repository
    return next(folder / f"{name}.css" for folder in folders if folder.is_dir()).read_text(encoding="utf-8")


def ink(dark: bool) -> dict[str, str]:
    """The named colours of the theme in force."""
    return INK["dark" if dark else "light"]
