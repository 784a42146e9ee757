"""What of Panel 1.9 a page cannot live with, and how it is put right; `mend` is called where the app is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panel import reactive
from panel.io import document as panel_document
from panel.io.resources import LOCAL_DIST

if TYPE_CHECKING:
    from bokeh.document import Document

_DEBOUNCE_MS = 2
_send = panel_document._dispatch_msgs


def mend() -> None:
    """Put Panel right for this process; a second call changes nothing."""
    # a pane that is made while its tab is turned away belongs to no document, and Panel would have its stylesheet from a CDN
    reactive.CDN_DIST = LOCAL_DIST
    # Panel waits 50 ms for more changes of a widget before it tells of one; here stale work is dropped, so nothing need wait
    reactive.Syncable._debounce = _DEBOUNCE_MS
    panel_document._dispatch_msgs = send_waiting


async def send_waiting(document: Document) -> None:
    """Send what waits for the browser's connection to be free.

    While some of it is sent the document is marked, and what comes meanwhile waits too, with a task of its own to send it.
    Panel's task gives up where the mark is gone, and the earlier task takes it away when it is done: in between, what came
    last was left waiting until the next change of the page. Now and then a view stayed empty so.

    Parameters
    ----------
    document : Document
        Of the page that it is for.
    """
    if document in panel_document._WRITE_MSGS:
        panel_document._WRITE_BLOCK[document] = True
    await _send(document)
