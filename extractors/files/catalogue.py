"""Finds the mapping for a table by its headers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from extractors.accounts import Account
from extractors.errors import ConfigError
from extractors.files.mapping import Mapping, clean_header, load_mapping
from extractors.files.refusal import FileRefused
from extractors.files.tables import Head, Source

SHIPPED = Path(__file__).resolve().parents[2] / "mappings"
OWN = "mapping.yml"  # an account's own mapping, in its inbox


@dataclass(frozen=True)
class Match:
    """A recognised table: its mapping, how to read it, and the position (from 0) and cells of its header
    row."""

    mapping: Mapping
    head: Head
    header_row: int
    header: list[str]

    def wanted(self) -> list[int]:
        """Positions of the columns to read: those mapped or kept, and the first, which may contain
        remarks."""
        lead = next((at for at, name in enumerate(self.header) if name), 0)
        named = [*self.mapping.read_from(self.header).values(), *self.mapping.kept(self.header)]
        return sorted({lead, *map(self.header.index, named)})

    def unread(self) -> list[str]:
        """Headers of a report that the mapping does not mention: their cells are not stored."""
        if not self.mapping.is_report:
            return []
        read = {*self.mapping.read_from(self.header).values(), *self.mapping.kept(self.header)}
        return [name for name in self.header if name and name not in read | set(self.mapping.recognise)]


def mappings_for(account: Account, inbox: Path, folder: Path) -> list[Mapping]:
    """The mappings that may apply to an account's files.

    The account's own data/inbox/<account>/mapping.yml comes first, then all shipped mappings. `options:
    {mapping: name}` in accounts.yml restricts the choice to that one.

    Raises ConfigError when a mapping file is wrong, two have the same name, or the named one does not exist.
    """
    own = [load_mapping(inbox / OWN)] if (inbox / OWN).is_file() else []
    shipped = [load_mapping(path) for path in sorted(folder.glob("*.yml"))]
    everything = [*own, *(mapping for mapping in shipped if mapping.name not in {m.name for m in own})]
    if len({mapping.name for mapping in everything}) < len(everything):
        raise ConfigError(f"two files in {folder} have one name", account=account.id, advice="rename one")
    named = account.options.get("mapping")
    if named is not None:
        everything = [mapping for mapping in everything if mapping.name == named]
        if not everything:
            raise ConfigError(
                f"there is no mapping {named!r}",
                account=account.id,
                advice=f"put it into {inbox / OWN} or {folder}, or name one of those that are there",
            )
    if not everything:
        raise ConfigError(
            f"there is no mapping in {folder}", account=account.id, advice=f"write {inbox / OWN}"
        )
    return [mapping.resolved(account.time_zone, account.currency) for mapping in everything]


def recognise(name: str, source: Source, mappings: Sequence[Mapping]) -> Match:
    """The mapping whose headers are all in the table; of several, the one with the most headers.

    name: the table, for errors. Raises FileRefused when no mapping applies (naming the nearest one and the
    headers that are missing), when several have equally many headers, or when a mapped header occurs twice.
    """
    found: list[tuple[int, Match]] = []
    heads = source.heads()
    for head in heads:
        for row, cells in enumerate(head.rows):
            header = _header(cells)
            names = set(header)
            for mapping in mappings:
                if not mapping.missing(names):
                    asked = len(mapping.columns) + len(mapping.recognise)
                    found.append((asked, Match(mapping, head, row, header)))
        if found:
            break
    if not found:
        raise _unknown(name, heads, mappings)
    most = max(asked for asked, _ in found)
    best = [match for asked, match in found if asked == most]
    rivals = sorted({match.mapping.name for match in best})
    if len(rivals) > 1:
        raise FileRefused(
            f"{name} fits the mappings {' and '.join(rivals)} equally",
            advice="name one in accounts.yml (options: {mapping: …}), or give one more `recognise` headers",
        )
    match = best[0]
    twice = [h for h in match.mapping.headers if match.header.count(h) > 1]
    if twice:
        raise FileRefused(
            f"{name} has the column {twice[0]!r} twice", advice="remove or rename one of them in the file"
        )
    header = _told_apart(match.header) if match.mapping.keep else match.header
    rows = [*match.head.rows]
    rows[match.header_row] = header
    return replace(match, head=replace(match.head, rows=rows), header=header)


def _told_apart(header: list[str]) -> list[str]:
    """Prefix headers that occur more than once (变化, 环比) with the name of the column before them."""
    names: list[str] = []
    for at, name in enumerate(header):
        repeated = bool(name) and header.count(name) > 1 and at > 0
        names.append(f"{header[at - 1]} {name}" if repeated else name)
    return names


def _header(cells: list[str]) -> list[str]:
    header = [clean_header(cell) for cell in cells]
    while header and not header[-1]:  # the line ends with a delimiter
        header.pop()
    return header


def _unknown(name: str, heads: Sequence[Head], mappings: Sequence[Mapping]) -> FileRefused:
    best: tuple[int, int, list[str], Mapping | None] = (-1, 0, [], None)
    for head in heads:
        for row, cells in enumerate(head.rows):
            header = _header(cells)
            for mapping in mappings:
                hits = len(set(mapping.headers) & set(header))
                if hits > best[0]:
                    best = (hits, row + 1, header, mapping)
    hits, line, header, nearest = best
    if not hits or nearest is None:
        rows = [(sum(1 for c in map(clean_header, r) if c), r) for h in heads[:1] for r in h.rows]
        header = _header(max(rows, key=lambda entry: entry[0])[1]) if rows else []
        known = ", ".join(mapping.name for mapping in mappings)
        # A row with many numbers is data, not a header. One with few may be data, too (a name and a town), so
        # it is shown in the .reason.txt only, which is not logged.
        figures = sum(1 for cell in header if any(sign.isdigit() for sign in cell))
        has_none = figures * 3 > len(header)
        seen = "it has no header row" if has_none else "its .reason.txt says what its header reads"
        return FileRefused(
            f"{name} has none of the headers we know; {seen}; known mappings: {known}",
            seen="" if has_none else f"Its header reads {_shown(header)}",
            advice="describe the file in the inbox's mapping.yml (mappings/README.md), then move it back",
        )
    missing = ", ".join(nearest.missing(set(header)))
    return FileRefused(
        f"{name} fits no mapping; row {line} reads {_shown(header)}; "
        f"the nearest mapping is {nearest.name}, which also wants {missing}",
        advice="export the missing columns, or describe the file in the inbox's mapping.yml"
        " (mappings/README.md), then move it back",
    )


def _shown(header: list[str], most: int = 30) -> str:
    shown = " | ".join(cell[:40] for cell in header[:most])
    return f"[{shown}{' | …' if len(header) > most else ''}]"
