"""Campaigns as rows of their tables."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from qsocore.inspection import Campaign, Item
from qsocore.store._schema import CAMPAIGN, CAMPAIGN_FIELDS, ITEM
from qsocore.store._verdicts import now


def names(base: Connection) -> list[str]:
    """Names of all, the oldest first."""
    return list(base.execute(select(CAMPAIGN.c.name).order_by(CAMPAIGN.c.time, CAMPAIGN.c.name)).scalars())


def write(base: Connection, campaign: Campaign) -> None:
    """Write one whose name is free."""
    row = {column: getattr(campaign, field) for field, column in CAMPAIGN_FIELDS.items()}
    base.execute(insert(CAMPAIGN).values(row | {"time": now(), "graders": list(campaign.graders)}))
    if campaign.items:
        base.execute(insert(ITEM), [
            {"campaign": campaign.name, "number": item.number, "object_id": item.object_id, "what": item.what,
             "repeats": item.of} for item in campaign.items])


def find(base: Connection, name: str) -> Campaign | None:
    """The one of that name, None where there is none."""
    row = base.execute(select(CAMPAIGN).where(CAMPAIGN.c.name == name)).mappings().first()
    if row is None:
        return None
    items = base.execute(select(ITEM).where(ITEM.c.campaign == name).order_by(ITEM.c.number)).mappings()
    values = {field: row[column] for field, column in CAMPAIGN_FIELDS.items()}
    queue = tuple(Item(item["number"], item["object_id"], item["what"], item["repeats"]) for item in items)
    return Campaign(**values | {"graders": tuple(values["graders"]), "items": queue})
