"""What a pane says while there is nothing to show: what to do."""

from __future__ import annotations

from dashboard import words

_SKETCH = ('<svg viewBox="0 0 120 44"><path d="M2 36 C14 33 18 31 24 30 L28 6 L33 29 C44 27 48 26 52 25 L56 17 L60 25 '
           'C72 27 84 28 90 29 L94 22 L98 30 L118 33"/></svg>')


def empty(title: str, hint: str, command: str = "", sketch: bool = False) -> str:
    """HTML of an empty pane.

    Parameters
    ----------
    title, hint : str
        What is missing, and what to do about it.
    command : str
        A command line that helps, shown as code.
    sketch : bool
        Whether a faint spectrum is drawn above.
    """
    code = f"<code>{words.html(command)}</code>" if command else ""
    return (f'<div class="empty">{_SKETCH if sketch else ""}<strong>{words.html(title)}</strong>'
            f"<span>{words.html(hint)}</span>{code}</div>")
