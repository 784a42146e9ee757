"""Small switches above a view: one of a few words, or on and off."""

from __future__ import annotations

from collections.abc import Callable

import panel_material_ui as pmui

_GROUP = {"& .MuiButtonBase-root": {"textTransform": "none", "padding": "1px 8px", "fontSize": "12px", "whiteSpace": "nowrap"}}
_CHECK = {"& .MuiCheckbox-root": {"padding": "2px 4px 2px 0"}, "& .MuiFormControlLabel-label": {"fontSize": "12px"}}


def one_of(options: dict[str, str], changed: Callable[[], None]) -> pmui.RadioButtonGroup:
    """Words of which one is chosen, the first to begin with."""
    group = pmui.RadioButtonGroup(options=options, value=next(iter(options.values())), size="small", margin=0, sx=_GROUP)
    group.param.watch(lambda _: changed(), "value")
    return group


def on_off(label: str, value: bool, changed: Callable[[], None]) -> pmui.Checkbox:
    """A word with a tick."""
    box = pmui.Checkbox(label=label, value=value, size="small", margin=0, sx=_CHECK)
    box.param.watch(lambda _: changed(), "value")
    return box


def which_sets(changed: Callable[[], None]) -> pmui.RadioButtonGroup:
    """Whether a view is about the slots or the selection; its value is what `dashboard.compared.sets` takes."""
    return one_of({"A and B": "slots", "Selection": "selection"}, changed)
