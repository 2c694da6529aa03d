"""A re-extraction: sources are cut into parts, workers extract them, one writer stores what comes of it, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from crawler.command import raise_interruption
from crawler.reextract.pool import Task, Workers, alone, results
from crawler.reextract.report import Report
from crawler.reextract.sinks import StoreSink
from crawler.reextract.work import Extracted
from storage.archive import Location
from storage.reextraction import Position
from storage.sources.base import Part, Revisit, Source, Wound
from storage.sources.places import Place, Places
from storage.sources.warc import WarcRange

#: Gives the sources anew at each call, in the same order, and the wounds of what is none.
Sources = Callable[[], Iterator[Source | Wound]]

ORPHAN = "a revisit of a capture that is nowhere to be found"

# Revisits that are looked after together.
_SOME = 100


class Run:
    """One run over sources."""

    def __init__(self, sink: StoreSink, workers: Workers, report: Report, archive: Path) -> None:
        """A run.

        Args:
            sink: where results go; it knows where an interrupted run stopped.
            workers: who extracts.
            report: told of every part.
            archive: KBS_ARCHIVE, the folder of files that are named without one.
        """
        self._sink = sink
        self._workers = workers
        self._report = report
        self._archive = archive
        # Of the part before: its source, and where the record behind it begins.
        self._seam: tuple[str, int | None] = ("", None)
        self._position_now = ("", "")

    def read(self, sources: Sources) -> None:
        """Read all sources, extract what they hold, and hand it to the sink.

        Raises:
            StoreError, sqlite3.Error: the database cannot be written; what was stored before stays.
            KeyboardInterrupt: it was interrupted; what was read until then is stored.
        """
        try:
            self._read(sources)
        except KeyboardInterrupt:
            self._sink.end_early()
            raise
        finally:
            self._report.advance(0, self._sink.counts["pages"])

    def _read(self, sources: Sources) -> None:
        for name, part, first in results(self._tasks(sources), self._sink.work, self._workers):
            if isinstance(part, Wound):
                self._take(first, self._behind(name))
                continue
            for whole, extracted in self._joined(name, part, first):
                seam = extracted.seam
                self._seam = (name, None if seam is None else seam.end)
                self._position_now = (name, str(seam.end) if seam else whole.cursor)
                self._take(extracted, self._position_now)
                self._report.advance(whole.size, self._sink.counts["pages"])
                raise_interruption()
        self._take_deferred()
        self._sink.finish()

    def _behind(self, name: str) -> tuple[str, str]:
        """The position behind what has no parts, or none that can be read."""
        if name != self._position_now[0]:
            self._position_now = (name, "")
        return self._position_now

    def _tasks(self, sources: Sources) -> Iterator[Task]:
        """The parts of all sources, from where the same run was interrupted."""
        position = self._position(sources)
        for source in sources():
            name = _name(source)
            if position is not None and name != position.source:
                self._report.advance(0 if isinstance(source, Wound) else source.size, 0)
                continue
            reached, position = position, None
            if isinstance(source, Wound):
                if reached is None:  # else it was told before
                    yield name, source
                continue
            after = reached.cursor or None if reached else None
            try:
                for part in source.parts(after):
                    yield name, part
            except OSError as error:
                what = f"it cannot be read ({error.strerror or error})"
                yield name, Wound(location=Location(file=name, offset=0), what=what)

    def _position(self, sources: Sources) -> Position | None:
        """Where the same run was interrupted; where that source is gone, all begins anew."""
        position = self._sink.position()
        if position is None:
            return None
        if any(_name(source) == position.source for source in sources()):
            self._position_now = (position.source, position.cursor)
            self._report.begin(self._sink.counts["pages"])
            place = f"from {position.cursor} on" if position.cursor else "from its beginning or its end"
            self._report.say(f"Going on where this was interrupted: {position.source}, {place}.")
            return position
        self._report.say(f"This was interrupted in {position.source}, which is gone: all begins anew.")
        self._sink.begin_anew()
        return None

    def _joined(self, name: str, part: Part, extracted: Extracted) -> Iterator[tuple[Part, Extracted]]:
        """A part as it fits to the one before.

        Where a file is cut, the first record behind the cut is a guess; where the part before says that it begins
        elsewhere, this one is read again from there.
        """
        before, end = self._seam
        if before != name or end is None or extracted.seam is None or extracted.seam.begin == end:
            yield part, extracted
            return
        assert isinstance(part, WarcRange)
        exact = part.begun_at(end)
        if exact is not None:
            for _, half, again in alone(name, exact, self._sink.work, self._workers):
                yield half, again

    def _take(self, extracted: Extracted, position: tuple[str, str]) -> None:
        """Hand over what a part held, and then the captures that refer to others."""
        for wound in extracted.wounds:
            self._report.wound(wound)
        # Its revisits are noted with it, so that none is forgotten where the run ends here.
        self._sink.take(extracted, position)
        self._take_originals(extracted.revisits, position)

    def _take_deferred(self) -> None:
        """Hand over the captures that refer to others which came later."""
        while revisits := self._sink.deferred(_SOME):
            orphans = self._take_originals(revisits, self._position_now)
            for orphan in orphans:
                self._lose(Wound(location=orphan.location, url=orphan.url, what=ORPHAN))
            self._sink.done_with(orphans)

    def _take_originals(self, revisits: list[Revisit], position: tuple[str, str]) -> list[Revisit]:
        """Hand over captures that came before unchanged, read where they stand; those of which nobody knows where."""
        located = [(revisit, self._sink.original(revisit)) for revisit in revisits]
        places = tuple(
            Place(location=location, url=revisit.url, fetched_at=revisit.fetched_at)
            for revisit, location in located
            if location is not None
        )
        if places:
            part = Places(archive=self._archive, places=places, cursor="", size=0)
            for _, _, originals in alone(position[0], part, self._sink.work, self._workers):
                self._take(originals, position)
            self._sink.done_with([revisit for revisit, location in located if location is not None])
        return [revisit for revisit, location in located if location is None]

    def _lose(self, wound: Wound) -> None:
        self._report.wound(wound)
        self._sink.counts[wound.counts_as] += 1


def _name(source: Source | Wound) -> str:
    """What tells a source from the others."""
    return f"{source.location.file} ({source.what})" if isinstance(source, Wound) else source.name
