"""Unpacks gzip and zip files of vendors, completely or not at all.

Both formats have checksums that show when a file was cut short or damaged. Such a file, or a web page in its
place, is a transient error, so that the vendor is asked for it again.
"""

from __future__ import annotations

import io
import zipfile
import zlib

from extractors.errors import ContractError, TransientError

MAX_UNPACKED_BYTES = 1 << 30  # no report is that large
GZIP, ZIP = b"\x1f\x8b", b"PK"


def gunzipped(body: bytes, what: str) -> bytes:
    """The content of a gzip file. Other bytes are returned as they are: HTTP has unpacked them already.

    A gzip file may consist of several members, one behind the other (RFC 1952, 2.2); all of them count.

    Raises:
        TransientError: cut short or damaged. ContractError: larger than any report.
    """
    if not body.startswith(GZIP):
        return body
    content, packed = bytearray(), body
    while packed:
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            content += unpacker.decompress(packed, MAX_UNPACKED_BYTES + 1 - len(content))
        except zlib.error:
            raise TransientError(f"{what} sent a damaged file") from None
        if len(content) > MAX_UNPACKED_BYTES:
            raise ContractError(f"{what} sent a file of more than {MAX_UNPACKED_BYTES >> 20} MiB")
        if not unpacker.eof:
            raise TransientError(f"{what} sent a file that was cut short")
        packed = unpacker.unused_data.lstrip(b"\0")  # zeros may fill up the last block
    return bytes(content)


def unzipped(body: bytes, what: str) -> bytes:
    """The content of the one file in a zip archive.

    Raises:
        TransientError: not a zip archive, or a damaged one. ContractError: not exactly one file, or one that
            is larger than any report.
    """
    if not body.startswith(ZIP):
        kind = "a web page" if body.lstrip()[:1] == b"<" else "no archive"
        raise TransientError(f"{what} sent {kind} in place of the file")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = archive.infolist()
            if len(names) != 1:
                raise ContractError(f"{what} sent an archive of {len(names)} files")
            if names[0].file_size > MAX_UNPACKED_BYTES:
                raise ContractError(f"{what} sent a file of more than {MAX_UNPACKED_BYTES >> 20} MiB")
            return archive.read(names[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise TransientError(f"{what} sent a damaged archive") from None
