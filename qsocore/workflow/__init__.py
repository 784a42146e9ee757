"""Work that crosses the rooms: ingest, simulate, train, embed, predict, export, the demo; the commands are skins over it."""
