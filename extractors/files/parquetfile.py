"""Reads Parquet files. Only the mapped columns are read from the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from extractors.files.refusal import FileRefused
from extractors.files.tables import Head, RawTable, encoded
from extractors.files.workbook import float_text


class ParquetSource:
    """A Parquet file as a table; its lines are row numbers."""

    part = ""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from None

    def heads(self) -> list[Head]:
        return [Head([list(self._file.schema_arrow.names)])]

    def read(self, head: Head, header_row: int, wanted: list[int], encoding: str | None) -> RawTable:
        header = head.rows[header_row]
        names = self._file.schema_arrow.names
        columns = {}
        for position in wanted:
            try:
                values = self._file.read(columns=[names[position]]).column(0)
            except (pa.ArrowException, OSError) as error:
                raise self._damaged(error) from None
            columns[header[position]] = self._text(names[position], encoded_any(values))
        rows = self._file.metadata.num_rows
        return RawTable(pa.array(range(1, rows + 1), pa.int64()), columns)

    def _text(self, name: str, values: pa.DictionaryArray) -> pa.DictionaryArray:
        """The array with its distinct values converted to text."""
        distinct = values.dictionary
        kind = distinct.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise FileRefused(
                f"{self._path.name} column {name!r} holds {kind}", advice="write it as text, number or time"
            )
        texts = [
            None if value is None or value != value else _text_of(value) for value in distinct.to_pylist()
        ]
        return pa.DictionaryArray.from_arrays(values.indices, pa.array(texts, pa.string()))

    def _damaged(self, error: Exception) -> FileRefused:
        first = str(error).splitlines()[0]
        return FileRefused(
            f"{self._path.name} cannot be read as Parquet: {first}", advice="copy or write the file again"
        )


def encoded_any(values: pa.ChunkedArray) -> pa.DictionaryArray:
    """Dictionary-encode a column. Times are cut to microseconds, the finest that Python's datetime has."""
    kind = values.type
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        values = values.cast(pa.timestamp("us", kind.tz), safe=False)
    if pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
    if pa.types.is_nested(kind):
        return pa.DictionaryArray.from_arrays(
            pa.array([0] * len(values), pa.int32()), values.combine_chunks()[:1]
        )
    return encoded(values)


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return float_text(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
