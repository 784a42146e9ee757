"""Measures as tables for people: the same for the terminal, the report and the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qsocore.evaluate.anomaly import TITLES as ANOMALIES
from qsocore.evaluate.latents import MEASURES
from qsocore.evaluate.redshift import QUASARNET_KM_S, SPLIT_Z

_NONE = "–"
PROBABILITIES = {"class_conf": "class_conf: the class is right",
                 "class_conf_balanced": "class_conf, each class weighing the same",
                 "is_qso": "is_qso: it is a quasar",
                 "z_conf": "z_conf: the redshift of a quasar is good", "bal_prob_pred": "bal_prob_pred: it has broad troughs"}


@dataclass(frozen=True)
class Table:
    """Text in rows and columns; the first column is words, the others numbers.

    Parameters
    ----------
    title : str
    head : tuple of str
        Of the columns.
    rows : list of tuple of str
    note : str
        What has to be known to read it.
    """

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str = ""

    def to_text(self) -> str:
        """For a terminal."""
        lines = [self.head, *self.rows]
        widths = [max(len(line[k]) for line in lines) for k in range(len(self.head))]

        def aligned(line: Sequence[str]) -> str:
            first, *others = (cell.ljust(width) if k == 0 else cell.rjust(width)
                              for k, (cell, width) in enumerate(zip(line, widths, strict=True)))
            return "  ".join((first, *others)).rstrip()

        head, *body = map(aligned, lines)
        return "\n".join([self.title, *([f"  {self.note}"] if self.note else []), f"  {head}", f"  {'-' * len(head)}",
                          *(f"  {line}" for line in body)])


def tables(measures: dict[str, Any]) -> list[Table]:
    """Every section of an evaluation's measures, in the order in which they matter."""
    makers = {"redshift": _redshift, "quasars": _quasars, "called": _called, "troughs": _troughs, "classes": _classes,
              "hardness": _hardness, "curves": _curves, "quantities": _quantities, "calibration": _calibration,
              "unlike": _unlike, "latents": _latents, "neighbours": _neighbours, "rare": _rare, "turning": _turning,
              "anomalies": _anomalies}
    return [table for name, maker in makers.items() if name in measures for table in maker(measures[name])]


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits and thousands apart; a dash for none."""
    if value is None or value != value:
        return _NONE
    if value == 0 or abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def percent(part: float | None, whole: float | None = 1.0) -> str:
    """A share in per cent with two decimals, a dash of nothing."""
    return f"{100 * part / whole:.2f} %" if part is not None and part == part and whole else _NONE


def counted(part: int, whole: int) -> str:
    """A raw count and the share: 3 of 1,200 (0.25 %)."""
    return f"{part:,} of {whole:,} ({percent(part, whole)})"


def span(low: float, high: float | None) -> str:
    """A bin."""
    return f"{low:g} – {high:g}" if high is not None and high < 1e9 else f"≥ {low:g}"


def _redshift(found: dict[str, Any]) -> list[Table]:
    def line(name: str, part: dict[str, Any]) -> tuple[str, ...]:
        predicted = part["n"] - part["n_missing"]
        return (name, f"{part['n']:,}", number(part["median"]), number(part["std"]), number(part["nmad"]),
                counted(part["beyond_3000"], predicted), counted(part["beyond_6000"], predicted))

    rows = [line(f"all {found['of']}", found["all"])]
    rows += [line(f"z {span(part['low'], part['high'])}", part) for part in found["by_redshift"]]
    rows += [line(f"S/N {span(part['low'], part['high'])}", part) for part in found["by_snr"]]
    rows += [line(name, part) for group in ("by_warning", "by_troughs", "by_survey")
             for name, part in found.get(group, {}).items()]
    mean, deviation = QUASARNET_KM_S
    note = (f"dv = c Δz / (1 + z) in km/s; QuasarNET on BOSS: {mean:.0f} ± {deviation:.0f}"
            + (f"; without a prediction: {found['all']['n_missing']:,}" if found["all"]["n_missing"] else ""))
    if "pull" in found:
        pull = found["pull"]
        note += f"; Δz / z_err: NMAD {number(pull['nmad'])}, beyond 3: {counted(pull['beyond_3'], pull['n'])}"
    return [Table("Redshift", ("", "n", "median", "std", "NMAD", "beyond 3,000", "beyond 6,000"), rows, note)]


def _quasars(found: dict[str, Any]) -> list[Table]:
    def line(name: str, part: dict[str, Any]) -> tuple[str, ...]:
        return (name, f"{part['quasars']:,}", f"{part['predicted']:,}", counted(part["predicted_good"], part["predicted"]),
                counted(part["found"], part["quasars"]), *((f"{part['false']:,}",) if "false" in part else ("",)))

    sides = {"all": "all", "low_z": f"z < {SPLIT_Z}", "high_z": f"z ≥ {SPLIT_Z}"}
    rows = [line(title, found[name]) for name, title in sides.items() if name in found]
    rows += [line(f"z {span(part['low'], part['high'])}", part) for part in found["by_redshift"]]
    head = ("", "quasars", "called so", "purity", "completeness", "called, but none")
    note = "good: |dv| < 6,000 km/s; purity: good & called / called; completeness: called & good & true / true"
    by_level = Table("Quasars by threshold of is_qso", head,
                     [line(f"{part['threshold']:g}", part) for part in found["by_threshold"]])
    return [Table(f"Quasars found (probability ≥ {found['threshold']:g})", head, rows, note), by_level]


def _called(found: dict[str, Any]) -> list[Table]:
    return [Table("Called a quasar", ("", "called so"), [(name, counted(part["called"], part["n"]))
                                                          for name, part in found.items()])]


def _troughs(found: dict[str, Any]) -> list[Table]:
    rows = [(name, counted(part["recognised"], part["bal"]), counted(part["rejected"], part["non_bal"]))
            for name, part in ((f"S/N > {found['snr_above']:g}", found["bright"]), ("all", found["all"]))]
    return [Table("Broad absorption lines", ("", "BAL recognised", "non-BAL rejected"), rows,
                  "true quasars; QuasarNET: 98.0 and 97.0 %")]


def _classes(found: dict[str, Any]) -> list[Table]:
    names, counts = found["names"], found["counts"]
    rows = []
    for k, name in enumerate(names):
        true, called = sum(counts[k]), sum(row[k] for row in counts)
        rows.append((name, counted(counts[k][k], true), counted(counts[k][k], called),
                     percent(found["precision_at_prevalence"][k])))
    note = (f"{found['n']:,} objects: accuracy {percent(found['accuracy'])}, macro recall {number(found['macro_recall'], 4)}, "
            f"precision at BOSS's prevalence {percent(found['weighted_precision'])}")
    note += f"; class not known: {found['n_unknown']:,}" if found["n_unknown"] else ""
    note += f"; without a prediction: {found['n_missing']:,}" if found["n_missing"] else ""
    confusion = [(name, *(f"{count:,}" if count else "·" for count in row)) for name, row in zip(names, counts, strict=True)]
    return [Table("Classes", ("", "recall", "precision", "at BOSS's prevalence"), rows, note),
            Table("Confusion", ("true \\ called", *names), confusion)]


def _hardness(found: dict[str, Any]) -> list[Table]:
    right = {name: sum(row[k] for k, row in enumerate(part["counts"])) for name, part in found.items()}
    rows = [(name, counted(right[name], part["n"]), number(part["macro_recall"])) for name, part in found.items()]
    return [Table("Confident and hard cases", ("", "right", "macro recall"), rows)]


def _curves(found: dict[str, Any]) -> list[Table]:
    rows = [(name, f"{part['wanted']:,}", f"{part['others']:,}", f"{part['area']:.4f}")
            for name, part in found["by_class"].items()]
    return [Table("Each class against the rest", ("", "of it", "others", "area under the ROC curve"), rows,
                  f"mean area {found['mean_area']:.4f}")]


def _quantities(found: dict[str, Any]) -> list[Table]:
    return [Table(f"Confidence by {name}", ("", "right", "confidence said"),
                  [(f"{part['low']:.3g} – {part['high']:.3g}", counted(part["right"], part["n"]), percent(part["confidence"]))
                   for part in bins]) for name, bins in found.items()]


def _neighbours(found: dict[str, Any]) -> list[Table]:
    rows = [(name, f"{part['n']:,}", counted(part["alike"], part["near"]), percent(part["by_chance"]))
            for name, part in found["by_kind"].items()]
    return [Table(f"The {found['k']} nearest of each", ("", "n", "of its kind", "by chance"), rows)]


def _rare(found: dict[str, Any]) -> list[Table]:
    def firsts(part: dict[str, Any]) -> tuple[str, ...]:
        return tuple(counted(each["found"], part["rare"]) for each in part["first"])

    ranks = [(name, f"{part['rare']:,} of {part['n']:,}", number(part["median_rank"]),
              counted(part["within_first"]["found"], part["rare"]), percent(part["neighbours"]))
             for name, part in found.items()]
    lists = [(f"{name} by {part['examples']['examples']} examples", *firsts(part["examples"])) for name, part in found.items()]
    lists += [(f"{name} by {ANOMALIES[score].lower()}", *firsts(each))
              for name, part in found.items() for score, each in part["anomaly"].items()]
    shares = [percent(each["share"]) for each in next(iter(found.values()))["examples"]["first"]]
    note = "the rank of each among all others, were it sought by the rest of its kind"
    return [Table("Rare kinds, one left out", ("", "n", "median rank", "within the first 1 %", "of the 10 nearest of its kind"),
                  ranks, note),
            Table("Rare kinds in the first part of a list", ("", *(f"first {share}" for share in shares)), lists,
                  "by examples: summed over several draws of them")]


def _turning(found: dict[str, Any]) -> list[Table]:
    rows = [(f"{angle}°", percent(share)) for angle, share in found["same"].items()]
    return [Table(f"The {found['k']} nearest of {found['n']:,} pictures when they are turned", ("", "the same"), rows)]


def _calibration(found: dict[str, Any]) -> list[Table]:
    rows = [(PROBABILITIES.get(name, name), f"{sum(part['n']):,}", number(part["error"]), number(part["brier"]))
            for name, part in found.items()]
    return [Table("Calibration of probabilities", ("", "n", "expected error", "Brier score"), rows)] if rows else []


def _unlike(found: dict[str, Any]) -> list[Table]:
    rows = [(name, counted(part["above"], part["n"]), *(f"{value:.3f}" for value in part["quantiles"]))
            for name, part in found.items()]
    return [Table("Unlike anything in the training", ("", "above 0.99", "median", "84 %", "99 %"), rows)]


def _latents(found: dict[str, Any]) -> list[Table]:
    head = ("", "n", *(f"{title}: {kind}" for title in MEASURES.values() for kind in ("mean", "median")))
    groups = found["by_class"] | {name: part for name, part in found.get("by_survey", {}).items() if name != "all"}
    measures = [(key, kind) for key in MEASURES for kind in ("mean", "median")]
    rows = [(name, f"{part['n']:,}", *(number(part[key][kind]) for key, kind in measures))
            for name, part in groups.items()]
    return [Table(f"Reconstruction by {found['n_latent']} latents", head, rows,
                  "floored: errors as the training weighs them, not below its error floor; MSE of the normalised flux")]


def _anomalies(found: dict[str, Any]) -> list[Table]:
    rows = [(title, ", ".join(f"{kind or 'unknown'} {n}" for kind, n in
                              sorted(found["classes"][name].items(), key=lambda item: -item[1])))
            for name, title in ANOMALIES.items() if name in found["classes"]]
    shared = [(" & ".join(ANOMALIES[name] for name in pair.split(" & ")), str(n)) for pair, n in found["shared"].items()]
    return [Table(f"Anomalies: the {found['k']} oddest of each score", ("", "classes"), rows),
            Table("Top lists share", ("", f"of {found['k']}"), shared)]
