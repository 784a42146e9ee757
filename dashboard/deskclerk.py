"""The clerk of a desk: writes the verdict that a person's browser says, and answers what it may be told. No GUI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dashboard import desk
from dashboard.desk import Line, Place
from qsocore.errors import ConfigError
from qsocore.inspection.standing import standing

if TYPE_CHECKING:
    from dashboard.library import Library
    from dashboard.table import AtlasTable
    from dashboard.who import Person
    from qsocore.inspection import Campaign, Verdict

Deed = Mapping[str, Any]
"""What a browser asks for: ``what`` ("verdict" or "undo"), ``token``, ``person``, ``campaign``, and of a verdict ``item`` or
``id`` and its words; with ``again`` where it was asked for before and no answer came."""


class Clerk:
    """Writes the verdicts of one person at one desk; called in the library's one thread that writes.

    Parameters
    ----------
    library : Library
        Whose labels they go to.
    person : Person
    desk_name : str
        "lenses" or "spectra".
    """

    def __init__(self, library: Library, person: Person, desk_name: str):
        self.library, self.person, self.desk = library, person, desk_name

    def campaign(self, name: str) -> Campaign:
        """A campaign by name; it never changes, so it is read once."""
        return self.library.once(("campaign", name), lambda: self.library.labels.campaign(name))

    def may_grade(self, campaign: Campaign) -> bool:
        """Whether a campaign is this desk's and this person's."""
        return campaign.desk == self.desk and (not campaign.graders or self.person.name in campaign.graders)

    def do(self, deed: Deed, table: AtlasTable, run: str, line: Line | None) -> dict[str, Any]:
        """Write a verdict, or take one back; it is on the disk when this returns.

        Parameters
        ----------
        deed : mapping
        table : AtlasTable
            Of the objects.
        run : str
            Of the models that were shown.
        line : Line or None
            That the browser shows.

        Returns
        -------
        dict
            ``number``, and ``truth`` where a campaign tells; of an undo ``undone``, ``at`` and ``said``: which verdict was
            taken back, where its object stands, and what was said of that.

        Raises
        ------
        ConfigError
            When it can never be done.
        StoreError
            When the database does not take it now.
        """
        person = self.person
        if not person.may("grader"):
            raise ConfigError(f"{person.name} may look and not grade", remedy="ask an owner for the role of a grader")
        if deed.get("person") != person.name:
            raise ConfigError(f"this verdict is {deed.get('person')}'s", remedy=f"load the page anew as {deed.get('person')}")
        if deed.get("what") == "undo":
            return self._undone(deed, line)
        place = self._place(deed, table)
        number = self._known(place, deed) if deed.get("again") else 0
        if not number:
            campaign = str(deed.get("campaign") or "")
            number = self.library.labels.append(
                desk.verdict_of(deed, self.desk, person.name, place, campaign, self.library, run))
        return {"number": number} | self._truth(place, deed)

    def _place(self, deed: Deed, table: AtlasTable) -> Place:
        """What was graded, as it was named to the browser."""
        name = str(deed.get("campaign") or "")
        if not name:
            object_id = str(deed.get("id", ""))
            row = table.row_of(object_id)
            if row < 0:
                raise ConfigError(f"there is no object {object_id!r} here", self.library.path)
            return Place(-1, object_id, row)
        campaign, item = self.campaign(name), deed.get("item")
        if not self.may_grade(campaign) or not isinstance(item, int) or not 0 <= item < len(campaign.items):
            raise ConfigError(f"this is no item of yours in the campaign {name}", remedy="load the page anew")
        return Place(-1, campaign.items[item].object_id, -1, item)

    def _known(self, place: Place, deed: Deed) -> int:
        """Number of the verdict of a token, 0 for none: what else was shown may have changed since it was written."""
        own = self.library.labels.verdicts(place.object_id, person=self.person.name, desk=self.desk)
        return next((one.number for one in own if one.token == deed.get("token")), 0)

    def _truth(self, place: Place, deed: Deed) -> dict[str, str]:
        """What is told after a verdict where the campaign wants its graders to know."""
        campaign = self.campaign(str(deed["campaign"])) if deed.get("campaign") else None
        if campaign is None or not campaign.feedback or campaign.items[place.item].what != "injected":
            return {}
        return {"truth": "this was a simulated lens"}

    def _undone(self, deed: Deed, line: Line | None) -> dict[str, Any]:
        """Take a verdict back: the one that is named by its number or token, else the last of this person that stands."""
        labels, person, campaign = self.library.labels, self.person.name, str(deed.get("campaign") or "")
        token, of = str(deed.get("token", "")), deed.get("of")
        own = list(labels.verdicts(campaign=campaign, person=person, desk=self.desk))
        done = next((one.undoes for one in own if deed.get("again") and one.token == token), None)
        meant = [one for one in own if one.number == done or (done is None and of in (one.number, one.token))]
        if done is None and of is None:
            meant = standing(own)
        if not meant:
            raise ConfigError("there is no verdict of yours to take back")
        last = max(meant, key=lambda one: one.number)
        if done is None:
            labels.undo(person, last.number, token)
        return {"undone": last.number} | self._where(last, line)

    def _where(self, verdict: Verdict, line: Line | None) -> dict[str, Any]:
        """Where the object of a verdict stands in line, -1 for nowhere, and what was said of it."""
        shown = "" if line is None or line.campaign is None else line.campaign.name
        at = line.place_of(verdict) if line is not None and shown == verdict.campaign else -1
        places = line.places(at, at + 1) if at >= 0 else []
        return {"at": at, "said": [told for place in places for told in desk.history(line.said(place))]}
