"""Select: cut a table or a store by a recipe and further rules, step by step, and keep what each step has left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from qsocore.cuts.funnel import Funnel
from qsocore.cuts.plan import Plan
from qsocore.cuts.recipe import Recipe, load
from qsocore.errors import ConfigError
from qsocore.progress import Progress
from qsocore.store.columns import to_field
from qsocore.store.files import write_text
from qsocore.workflow.export import check_out
from qsocore.workflow.tabular import ENDINGS, Input, open_input, provenance_of, values_of, write_table

_NO_RECIPE = Recipe("", "", "", ())


def select(table: str | Path, out: str | Path, recipe: str | Path | None = None, where: Sequence[str] = (),
           funnel: str | Path | None = None, strict: bool = False) -> Funnel:
    """Write the rows of a table that pass every step.

    Parameters
    ----------
    table : path
        CSV, FITS, VOTable, Parquet, npz, or a store.
    out : path
        ``.parquet``, ``.csv``, ``.fits`` or ``.vot``; must not exist. It holds the table's columns and those that the recipe
        derives; a derived one takes the place of one of its name.
    recipe : str or path, optional
        Name of a recipe that comes with the package, or a TOML file; see `qsocore.cuts.recipe`.
    where : sequence of str
        Further steps in the language of `qsocore.selection`, after the recipe's.
    funnel : path, optional
        JSON file for the counts, which are in the provenance of `out` anyway.
    strict : bool
        Refuse a table that lacks a column of a step. Otherwise such a step is counted as not applicable, and all rows go on.

    Returns
    -------
    Funnel
        What each step has left. A value that is missing, and a sentinel such as 99, makes a condition unknown, and a row
        passes only where the whole rule is known to hold.

    Raises
    ------
    ReadError, StoreError
        When the table cannot be read.
    ConfigError
        When the recipe or a rule is not understood, or needs a column that there is not, or `out` exists.
    """
    out = Path(out)
    check_out(out, ENDINGS)
    if recipe is None and not where:
        raise ConfigError("there is nothing to select by", None, "give --recipe or --where")
    chosen = load(recipe) if recipe is not None else _NO_RECIPE
    source = open_input(table)
    selected = _Selected(source, Plan(chosen, source.columns, where, strict))
    with Progress(source.n_rows, f"select from {source.path.name}") as progress:
        write_table(out, selected.columns, selected.blocks(progress), selected.about)
    if funnel:
        write_text(Path(funnel), json.dumps(selected.about() | {"funnel": selected.funnel.to_dict()}, indent=1) + "\n")
    return selected.funnel


def funnel_of(path: str | Path) -> Funnel:
    """The funnel in the provenance of a file that `select` wrote, or in its JSON.

    Raises
    ------
    ConfigError
        When it holds none.
    """
    kept = provenance_of(path).get("funnel")
    if kept is None:
        raise ConfigError("no selection is in its provenance", path, "give a file that 'qso select' has written")
    try:
        return Funnel.from_dict(json.loads(kept) if isinstance(kept, str) else kept)
    except json.JSONDecodeError as error:
        raise ConfigError(f"its selection cannot be read ({error})", path, "write it as .parquet") from None


class _Selected:
    """What passes, block by block, and the counts so far."""

    def __init__(self, source: Input, plan: Plan):
        self.source, self.plan = source, plan
        kept = [column for name, column in source.columns.items() if name not in plan.derived]
        self.columns = [*kept, *plan.derived.values()]
        self.funnel = plan.empty()

    def blocks(self, progress: Progress) -> Iterator[pa.Table]:
        """The rows that pass, with the derived columns."""
        for block in self.source.read():
            cut = self.plan.cut(values_of(block), len(block))
            self.funnel = self.funnel.plus(cut.funnel)
            for name, values in cut.derived.items():
                field = to_field(self.plan.derived[name])
                column = pa.array(values, field.type, from_pandas=True)  # NaN is missing
                block = block.set_column(block.column_names.index(name), field, column) if name in block.column_names else \
                    block.append_column(field, column)
            progress.update(len(block))
            yield block.filter(pa.array(cut.rows)).select([column.name for column in self.columns])

    def about(self) -> dict[str, Any]:
        """Provenance: the table, the recipe, the counts."""
        recipe = self.plan.recipe
        about = self.source.identity | {"rows": self.funnel.n_out, "of_rows": self.funnel.n_in}
        if recipe.text:
            about |= {"recipe": recipe.name, "recipe_sha256": recipe.sha256, "citation": recipe.citation,
                      "recipe_text": json.dumps(recipe.text)}
        return about | {"funnel": json.dumps(self.funnel.to_dict())}
