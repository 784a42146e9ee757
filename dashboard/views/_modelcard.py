"""What is said of runs on the page of models, as HTML: where they stand, evaluations, cards, what sets them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dashboard import runs, words
from dashboard.runs import FINISHED, Training

if TYPE_CHECKING:
    from qsocore.evaluate.tables import Table


def head(chosen: Sequence[Training], colours: Sequence[str]) -> str:
    """Who is shown, and where each stands."""
    if len(chosen) > 1:
        named = "".join(_who(run, colour) for run, colour in zip(chosen, colours, strict=False))
        return f'<div class="title many">{named}</div><div class="standing">{len(chosen)} runs beside each other</div>'
    (run,) = chosen
    done = f"{100 * run.share:.1f}"
    bar = f'<div class="meter" role="progressbar" aria-valuenow="{done}"><i style="width:{done}%"></i></div>' \
        if run.state != FINISHED else ""
    return (f'<div class="title">{_who(run, colours[0])}<span class="kind">{words.html(run.config["model"])}</span></div>'
            f'<div class="standing" role="status">{words.html(runs.standing(run))}{bar}</div>')


def _who(run: Training, colour: str) -> str:
    return f'<span class="who" style="--ink:{colour}"><i></i>{words.html(run.folder.name)}</span>'


def describe(chosen: Sequence[Training], side: str, colours: Sequence[str], path: object) -> str:
    """HTML of what is said of runs; made beside the event loop.

    Parameters
    ----------
    chosen : sequence of Training
        One, or several to be compared.
    side : {"evaluation", "card"}
        Their measures, or what they are and how they were trained.
    colours : sequence of str
        Of their curves.
    path : object
        Of the store, for commands that are named.
    """
    if len(chosen) > 1:
        return f'<div class="about">{_compared(chosen, side, colours, path)}</div>'
    (run,) = chosen
    evaluated = runs.evaluation(run) is not None
    said = _evaluation(run, path) if side == "evaluation" else ""
    return f'<div class="about">{said}{_card(run) if side == "card" or not evaluated else ""}</div>'


def _compared(chosen: Sequence[Training], side: str, colours: Sequence[str], path: object) -> str:
    heads = [_who(run, colour) for run, colour in zip(chosen, colours, strict=False)]
    if side == "card":
        return _beside("In what they differ", runs.differences(chosen), heads, "They were trained the same way.")
    first = next((run for run in chosen if runs.evaluation(run) is None), chosen[0])
    return _beside("What they measure", runs.measured(chosen), heads, _evaluate(first, path))


def _evaluate(run: Training, path: object) -> str:
    return f"Not evaluated yet: <code>qso evaluate {words.html(run.folder.name)} {words.html(path)}</code>"


def _evaluation(run: Training, path: object) -> str:
    found = runs.evaluation(run)
    if found is None:
        note = _evaluate(run, path) if run.state == FINISHED else "It can be evaluated when it is finished."
        return f'<section><h3>Evaluation</h3><p class="note">{note}</p></section>'
    made = f'{found.get("n_rows", 0):,} objects of {found.get("store", "")}, {found.get("split", "")} split, ' \
           f'{str(found.get("created", ""))[:10]}'
    tables = "".join(map(_table, runs.evaluated(run)))
    return f'<section><h3>Evaluation <small>{words.html(made)}</small></h3></section>{tables}'


def _table(table: Table) -> str:
    heads = "".join(f'<th scope="col">{words.html(word)}</th>' for word in table.head)
    lines = "".join("<tr>" + "".join(f"<td>{words.html(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    note = f'<p class="note">{words.html(table.note)}</p>' if table.note else ""
    return (f'<section class="measures"><h4>{words.html(table.title)}</h4>{note}<div class="wide"><table>'
            f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div></section>")


def _card(run: Training) -> str:
    from qsocore.models import MODELS

    member = MODELS.get(run.config["model"]) if run.config["model"] in MODELS.names() else None

    def lines(pairs: list[tuple[str, str]]) -> str:
        return "".join(f'<dt>{words.html(name)}</dt><dd title="{words.html(value)}">{words.html(value)}</dd>'
                       for name, value in pairs)

    sections = "".join(f"<section><h4>{words.html(title)}</h4><dl>{lines(pairs)}</dl></section>"
                       for title, pairs in runs.card(run, member))
    return f'<div class="card">{sections}</div>'


def _beside(title: str, lines: list[tuple[str, list[str]]], heads: list[str], without: str) -> str:
    if not lines:
        return f'<section><h3>{title}</h3><p class="note">{without}</p></section>'
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    rows = "".join(f'<tr><td title="{words.html(name)}">{words.html(name)}</td>'
                   + "".join(f"<td>{words.html(value)}</td>" for value in values) + "</tr>" for name, values in lines)
    return (f'<section class="measures"><h3>{title}</h3><div class="wide"><table><thead><tr><th></th>{top}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div></section>")
