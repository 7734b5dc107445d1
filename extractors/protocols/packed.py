"""Files that vendors pack: gzip and zip, unpacked whole or not at all.

Checksums of both formats find out a file that was cut short; whatever is no such file (a web page, an error)
is transient: the vendor is asked for it again.
"""

from __future__ import annotations

import io
import zipfile
import zlib

from extractors.errors import ContractError, TransientError

LARGEST = 1 << 30  # a file that unpacks to more is no report
GZIP, ZIP = b"\x1f\x8b", b"PK"


def gunzipped(body: bytes, what: str) -> bytes:
    """The content of a gzip file; what comes unpacked already (the transport did it) stays as it is.

    Raises:
        TransientError: cut short or damaged. ContractError: larger than any report.
    """
    if not body.startswith(GZIP):
        return body
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        content = unpacker.decompress(body, LARGEST)
    except zlib.error:
        raise TransientError(f"{what} sent a damaged file") from None
    if unpacker.unconsumed_tail:
        raise ContractError(f"{what} sent a file of more than {LARGEST >> 20} MiB")
    if not unpacker.eof:
        raise TransientError(f"{what} sent a file that was cut short")
    return content


def unzipped(body: bytes, what: str) -> bytes:
    """The content of the one file in a zip archive.

    Raises:
        TransientError: no archive, or a damaged one. ContractError: not one file, or larger than any report.
    """
    if not body.startswith(ZIP):
        kind = "a web page" if body.lstrip()[:1] == b"<" else "no archive"
        raise TransientError(f"{what} sent {kind} in place of the file")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = archive.infolist()
            if len(names) != 1:
                raise ContractError(f"{what} sent an archive of {len(names)} files")
            if names[0].file_size > LARGEST:
                raise ContractError(f"{what} sent a file of more than {LARGEST >> 20} MiB")
            return archive.read(names[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise TransientError(f"{what} sent a damaged archive") from None
