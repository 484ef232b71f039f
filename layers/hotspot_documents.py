"""The document that answers a hotspot question: rows, clusters or bands, and notes, by method."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grids.window import Window
from layers import hotspot_notes as notes
from layers import hotspot_rows as table
from layers.county_counts import Counted
from layers.county_hotspots import assess as rate_map
from layers.county_study import study_of, taking_part
from layers.hotspot_methods import drawn_by
from layers.hotspot_question import Asked
from layers.hotspot_scales import scales
from layers.studies import assess
from layers.windows import Kind

# A prospective scan looks at runs of so many days at most.
MOST_SCAN_DAYS = 14
# Spark lines show so many weeks, of so many units at the head of the list.
SPARK_WEEKS = 12
SPARK_ROWS = 150

Document = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Question:
    """A question with what was counted for it: the document that answers it, by its method."""

    asked: Asked
    counted: Counted
    studied: Window
    then: Window | None
    kind: Kind | None
    events: tuple[NDArray[np.float64], NDArray[np.float64]] | None
    given: Window

    def version(self) -> str:
        """Return a tag that is another one whenever the document would be."""
        digest = hashlib.sha256(self.counted.version.encode())
        asked = self.asked
        said = (asked.method, asked.options, self.kind, asked.calendar, self.given)
        digest.update(repr(said).encode())
        tally = self.counted.tally
        if self.then is not None:
            digest.update(tally.totals(self.then).tobytes())
        if self.studied != asked.window:
            digest.update(self._studied_counts.tobytes())
        digest.update(self._spark.tobytes())
        for part in self.events or ():
            digest.update(part.tobytes())
        digest.update(repr(self._limits).encode())
        return digest.hexdigest()[:16]

    def document(self) -> Document:
        """Return rows, clusters or bands, and what all answers share."""
        asked, counted = self.asked, self.counted
        said = _METHODS[asked.method](self)
        rows = said.pop("rows", [])
        _with_sparks(rows, self._spark)
        extra = said.pop("notes", [])
        extent = counted.tally.held.extent
        return {
            "method": asked.method,
            "level": asked.by.value,
            "window": _as_dict(asked.window),
            "compare": self._compare(),
            "matter": asked.matter or "",
            "levels": list(asked.levels),
            "sources": list(asked.sources),
            "all_sources": counted.tally.held.sources(),
            "publication": counted.publication,
            "data_version": counted.version,
            "data_extent": None if extent is None else [str(extent.first), str(extent.last)],
            "by_month": counted.by_month,
            "seed": said.pop("seed", None),
            **said,
            "notes": [
                *self._widened(),
                *self._compared(),
                *extra,
                *self._limits,
                ("hotspots.reports", {}),
            ],
            "rows": rows,
        }

    def _compare(self) -> Document | None:
        if self.then is None:
            return None
        lunar = self.asked.calendar if self.kind == "yoy" else "solar"
        total = int(self.counted.tally.totals(self.then).sum())
        return {"kind": self.kind, "calendar": lunar, **_as_dict(self.then), "observed": total}

    def _widened(self) -> list[notes.Note]:
        if self.given == self.asked.window:
            return []
        window = self.asked.window
        facts = {"since": str(window.since), "until": str(window.until)}
        return [("hotspots.month_only_widened", facts)]

    def _compared(self) -> list[notes.Note]:
        if self.then is None:
            return []
        lunar = self.kind == "yoy" and self.asked.calendar == "lunar"
        then = self.then
        facts = {"since": str(then.since), "until": str(then.until), "days": then.days}
        return [(f"hotspots.compared_{'lunar' if lunar else self.kind}", facts)]

    @cached_property
    def _limits(self) -> list[notes.Note]:
        return notes.limits(self.counted.tally, self.asked.window, self.then)

    @cached_property
    def _studied_counts(self) -> NDArray[np.float64]:
        tally = self.counted.tally
        return (
            tally.by_month(self.studied)[1] if self.counted.by_month else tally.cube(self.studied)
        )

    @cached_property
    def _spark(self) -> NDArray[np.int32]:
        if self.counted.by_month:
            return np.zeros((0, SPARK_WEEKS), np.int32)
        days = SPARK_WEEKS * 7
        window = Window(self.asked.until - timedelta(days - 1), self.asked.until)
        weeks = self.counted.tally.cube(window).reshape(-1, SPARK_WEEKS, 7).sum(axis=2)
        return weeks.astype(np.int32)

    # Methods ----------------------------------------------------------------------------------

    def _rates(self) -> Document:
        shown = drawn_by(rate_map(self.counted), self.asked.method).as_dict()
        for row in shown["rows"] if self.asked.method == "gi" else ():
            row["paint"] = f"gi{row['gi_bin']}" if row["rank"] is not None else row["paint"]
        own = [(note["code"], note["facts"]) for note in shown.pop("notes")]
        for name in ("window", "matter", "publication", "data_version"):
            del shown[name]
        own = [note for note in own if note[0] != "hotspots.reports"]
        held = scales(self.counted)
        for row in shown["rows"] if held else ():
            if row["code"] in held:
                row["scales"] = held[row["code"]]
        if self.then is not None:
            before = self.counted.tally.totals(self.then).tolist()
            for row, n in zip(shown["rows"], before, strict=True):
                row["then"] = None if row["observed"] is None else n
        told = [*own, *_detectable(shown["rows"]), *self._empty()]
        return {**shown, "n": len(shown["rows"]), "notes": told}

    def _volume(self) -> Document:
        rows = table.volume(self.counted)
        found = [("hotspots.volume", {}), *self._told()]
        return {**self._sums(rows), "settings": {"method": "count"}, "rows": rows, "notes": found}

    def _change(self) -> Document:
        assert self.then is not None
        study, _ = study_of(self.counted, self.then, with_empty=True)
        then = self.counted.tally.totals(self.then)
        why = notes.incomparable(self.counted.tally, self.asked.window, self.then)
        if why is not None:
            rows = table.incomparable(self.counted, then)
            return {
                **self._sums(rows), "settings": {"method": "change"}, "rows": rows,
                "notes": [why, *self._told()],
            }  # fmt: skip
        said = assess(study, "change", self.asked.options)
        kept = taking_part(self.counted, with_empty=True)
        rows = table.change(self.counted, said, kept, then)
        judged = [row for row in rows if row["rank"] is not None]
        sure = [row for row in judged if row["outline"]]
        facts = {
            "now": int(study.counts.sum()),
            "then": int(study.then[0].sum()) if study.then else 0,
            "judged": len(judged),
            "more": sum(row["direction"] > 0 for row in sure),
            "less": sum(row["direction"] < 0 for row in sure),
            "too_few": sum("too_few" in row["flags"] for row in rows),
        }
        found = [
            ("hotspots.change_counted", facts),
            ("hotspots.change_method", {}),
            ("hotspots.change_reporting", {}),
            *_detectable(rows),
            *self._told(),
        ]
        counts = {**self._sums(rows)["counts"], "judged": len(judged), "outlined": len(sure)}
        return {
            **self._sums(rows), "n": said["n"], "settings": said["settings"], "counts": counts,
            "rows": rows, "notes": found,
        }  # fmt: skip

    def _scan(self) -> Document:
        asked = self.asked
        max_days = min(asked.window.days, MOST_SCAN_DAYS)
        options = replace(asked.options, max_days=max_days, model="stp", mode="prospective")
        wide = replace(self.counted, window=self.studied)
        study, _ = study_of(wide, asked.window, with_empty=True, by_day=True)
        kept = taking_part(wide, with_empty=True)
        cases = int(study.counts.sum())
        said = assess(study, "scan", options) if cases else {"clusters": [], "seed": options.seed}
        found = table.clusters(wide, said, max_days)
        rows = table.clustered(self.counted, found, kept)
        alerts = sum(one["is_new"] for one in found)
        told = [
            (
                "hotspots.scan_counted",
                {
                    "n": len(study.ids), "days": self.studied.days, "cases": cases,
                    "max_days": max_days, "alerts": alerts, "weak": len(found) - alerts,
                },
            ),
            (
                "hotspots.scan_threshold",
                {"days": table.ALERT_DAYS, "ratio": table.ALERT_RATIO},
            ),
            (
                "hotspots.scan_method",
                {
                    "radius_km": options.max_radius_m / 1000,
                    "replicates": options.replicates, "seed": options.seed,
                },
            ),
            ("hotspots.change_reporting", {}),
            *self._told(),
        ]  # fmt: skip
        return {
            **self._sums(rows), "n": len(study.ids), "seed": options.seed,
            "settings": said.get("settings", {}), "studied": _as_dict(self.studied),
            "m0": said.get("m0"), "clusters": found, "rows": rows, "notes": told,
        }  # fmt: skip

    def _emerging(self) -> Document:
        extent = self.counted.tally.held.extent
        first = max(self.studied.since, extent.first) if extent else self.studied.since
        wide = replace(self.counted, window=Window(min(first, self.asked.until), self.asked.until))
        study, _ = study_of(wide, self.asked.window, by_day=True)
        said = assess(study, "emerging", self.asked.options)
        rows = table.emerging(self.counted, said, taking_part(wide))
        hot = sum(row.get("last_hot") == said["steps"] - 1 for row in rows)
        counted = "emerging_counted_months" if study.months else "emerging_counted"
        told = [(f"hotspots.{counted}", {"steps": said["steps"], "hot": hot}), *self._told()]
        return {
            **self._sums(rows), "n": said["n"], "settings": said["settings"],
            "studied": _as_dict(wide.window), "steps": said["steps"], "rows": rows, "notes": told,
        }  # fmt: skip

    def _events_of(self) -> Document:
        method, options = self.asked.method, self.asked.options
        study, _ = study_of(self.counted, self.asked.window, *(self.events or ()))
        said = assess(study, method, options)
        told: Mapping[str, notes.Note] = {
            "density": ("hotspots.surface", {"bandwidth": options.bandwidth_m}),
            "dbscan": (
                "hotspots.grouped",
                {
                    "clusters": len(said.get("clusters", ())),
                    "eps": options.eps_m, "least": options.min_points,
                },
            ),
            "knox": ("hotspots.pairs", {}),
        }  # fmt: skip
        shared = {"n": said["n"], "seed": said["seed"], "settings": said["settings"]}
        if method == "density":
            per_km2 = {unit["id"]: unit["per_km2"] for unit in said["units"]}
            rows = table.volume(self.counted, per_km2)
            found = {"max_per_km2": said["max_per_km2"], "rows": rows, **self._sums(rows)}
        elif method == "dbscan":
            frame = self.counted.ground.frame
            for one in said["clusters"]:
                x, y = one.pop("centre_m")
                at = frame.unproject_xy(np.array([[x, y]]))[0]
                one["at"] = [round(float(v), 7) for v in at]
            found = {"clusters": said["clusters"], "n_noise": said["n_noise"]}
        else:
            found = {"bands": said["bands"]}
        return {**found, **shared, "notes": [told[method], ("hotspots.volume", {}), *self._told()]}

    # Shared -----------------------------------------------------------------------------------

    def _sums(self, rows: list[table.Row]) -> Document:
        def having(flag: str) -> int:
            return sum(flag in row["flags"] for row in rows)

        shown = [row["observed"] for row in rows if row["observed"] is not None]
        return {
            "n": len(rows),
            "observed": sum(shown),
            "households": sum(row["households"] for row in rows),
            "counts": {
                "grids": len(rows),
                "judged": sum(row["rank"] is not None for row in rows),
                "outlined": sum(row["outline"] is not None for row in rows),
                **{flag: having(flag) for flag in ("too_few", "suppressed", "not_comparable")},
            },
        }

    def _empty(self) -> list[notes.Note]:
        """Return how many units nobody lives in: they have no rate, whatever else is said."""
        n = int(np.count_nonzero(self.counted.households == 0))
        return [("hotspots.no_denominators", {"count": n})] if n else []

    def _told(self) -> list[notes.Note]:
        counted, found = self.counted, self._empty()
        if counted.redrawn:
            codes = sorted(counted.redrawn)
            facts = {"count": len(codes), "codes": codes}
            found.append(("hotspots.not_comparable", facts))
        if counted.n_recounted:
            found.append(("hotspots.recounted", {"grids": counted.n_recounted}))
        if counted.n_former:
            facts = {"grids": counted.n_former, "observed": counted.former}
            found.append(("hotspots.former", facts))
        return found


_METHODS: Mapping[str, Callable[[Question], Document]] = {
    "count": Question._volume,
    "excess": Question._rates,
    "gi": Question._rates,
    "change": Question._change,
    "scan": Question._scan,
    "emerging": Question._emerging,
    "density": Question._events_of,
    "dbscan": Question._events_of,
    "knox": Question._events_of,
}


def _detectable(rows: list[Document]) -> list[notes.Note]:
    """Return how many times its level the usual unit must reach to be seen, if any can be."""
    around = [row["around"] for row in rows if row.get("around") is not None]
    known = [one["minimum_detectable_ratio"] for one in around]
    ratios = [ratio for ratio in known if ratio is not None]
    return [("hotspots.detectable", {"ratio": round(median(ratios), 1)})] if ratios else []


def _as_dict(window: Window) -> Document:
    return {"since": str(window.since), "until": str(window.until), "days": window.days}


def _with_sparks(rows: list[Document], weeks: NDArray[np.int32]) -> None:
    """Give the rows at the head of the list, and those with an outline, their last weeks."""
    for row, series in zip(rows, weeks.tolist(), strict=False):
        rank = row["rank"]
        if row["observed"] is not None and (
            (rank is not None and rank <= SPARK_ROWS) or row["outline"] or row.get("cluster")
        ):
            row["weeks"] = series
