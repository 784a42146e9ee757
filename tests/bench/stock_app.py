"""The stock stack, to be measured beside: two linked maps by ``hv.rasterize`` and ``link_selections``.

``panel serve tests/bench/stock_app.py --args TABLE.parquet X Y X2 Y2``
"""

import sys

import datashader as ds
import holoviews as hv
import pandas as pd
import panel as pn
from holoviews.operation.datashader import rasterize

hv.extension("bokeh")
pn.extension()


@pn.cache
def points(path: str, columns: tuple[str, ...]) -> pd.DataFrame:
    """The coordinates of both maps."""
    return pd.read_parquet(path, columns=list(columns))


if __name__.startswith("bokeh_app_"):
    path, *axes = sys.argv[1:]
    table = points(path, tuple(dict.fromkeys(axes)))
    linked = hv.selection.link_selections.instance()
    maps = [rasterize(hv.Points(table, list(pair)), aggregator=ds.count()).opts(
        cnorm="eq_hist", cmap="viridis", tools=["lasso_select", "wheel_zoom"], active_tools=["wheel_zoom", "lasso_select"],
        width=600, height=600, axiswise=True) for pair in (axes[:2], axes[2:])]
    pn.pane.HoloViews(linked(maps[0] + maps[1]).opts(shared_axes=False)).servable()
