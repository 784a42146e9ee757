"""What Panel leaves lying reaches the browser."""

import asyncio

import pytest
from bokeh.document import Document
from panel.io import document as panel_document

from dashboard.mending import mend


class Socket:
    """The browser's end, by Panel's own register of sockets; each message takes some turns of the loop to be sent."""

    def __init__(self, turns):
        self.turns, self.sent = turns, []

    def write(self, message):
        self.sent.append(message)
        return [asyncio.ensure_future(self._turn())]

    async def _turn(self):
        for _ in range(self.turns):
            await asyncio.sleep(0)


class Connection:
    """What Bokeh has for a tab, as far as writing goes."""

    def __init__(self, turns):
        self._socket, self.protocol = Socket(turns), self

    def create(self, kind, events):
        return events


@pytest.fixture
def handled(monkeypatch):
    mend()
    monkeypatch.setitem(panel_document.extra_socket_handlers, Socket, lambda connection, msg: connection._socket.write(msg))


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("between", range(8))
def test_every_message_is_sent_whenever_it_comes(handled, turns, between):
    document, connection = Document(), Connection(turns)

    async def talk():
        for word in ("first", "second", "third"):
            panel_document.schedule_write_events(document, [connection], word)
            for _ in range(between):
                await asyncio.sleep(0)
        await asyncio.sleep(0.01)

    asyncio.run(talk())
    assert connection._socket.sent == ["first", "second", "third"]
    assert document not in panel_document._WRITE_MSGS and document not in panel_document._WRITE_BLOCK
