"""Finding article texts in files, folders, `.zip`, `.tar`, `.tar.gz`, `.tar.xz`, `.tar.bz2` and standard input.

Rules:
- Archives are read as a stream, one member in memory at a time; nothing is unpacked to disk.
- A member that is an archive itself, larger than an article can be, or absurdly compressed is refused by name.
- What is not named `*.TXT` in a folder or an archive is passed over and counted; a file that is named itself is read
  whatever its name.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, Self

from kbcheck import KbcheckError
from kbcheck.article import MAX_BYTES

MAX_RATIO = 400
MAX_MEMBERS = 2_000_000
_MAX_GIB = 4  # that a member of a tar takes up: what is passed by is read all the same
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of which no more is decompressed than is asked for
_NESTED = (*_ARCHIVES, ".gz", ".xz", ".bz2", ".7z", ".rar", ".cab", ".exe")


class ArchiveError(KbcheckError):
    """The path cannot be read at all; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Found:
    """A text that may be an article. `named`: the user named this file. `done`: share of the input read, 0 to 1."""

    name: str
    data: bytes
    named: bool = False
    done: float = 0.0


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file that is not looked at because of its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or member that was refused, with the reason."""

    name: str
    reason: str


Item = Found | PassedOver | Unreadable


def find(paths: Iterable[str], stdin: BinaryIO | None = None) -> Iterator[Item]:
    """Return what lies under `paths` in a stable order; `-` reads `stdin`, an article or an archive.

    Raises ArchiveError before anything is returned when a path does not exist.
    """
    wanted = list(paths)
    for path in wanted:
        if not path:
            raise ArchiveError("an empty path: expected a file or folder, or - for standard input")
        if path != "-" and not Path(path).exists():
            raise ArchiveError(f"{path}: no such file or folder")
    return _all(wanted, stdin)


def _all(paths: list[str], stdin: BinaryIO | None) -> Iterator[Item]:
    share = 1 / max(len(paths), 1)
    for index, path in enumerate(paths):
        for item in _one(path, stdin):
            yield (
                Found(item.name, item.data, item.named, (index + item.done) * share)
                if isinstance(item, Found)
                else item
            )


def _one(path: str, stdin: BinaryIO | None) -> Iterator[Item]:
    if path == "-":
        if stdin is not None:
            yield from _stdin(stdin)
        return
    file = Path(path)
    if file.is_dir():
        yield from _folder(file)
    elif file.name.lower().endswith(_ARCHIVES):
        try:
            with file.open("rb") as stream:
                yield from _archive(stream, str(file), file.stat().st_size)
        except OSError as error:
            yield Unreadable(path, error.strerror or str(error))
    else:
        yield _file(file, named=True)


def _folder(folder: Path) -> Iterator[Item]:
    closed: list[OSError] = []
    files = sorted(Path(top) / name for top, _, names in os.walk(folder, onerror=closed.append) for name in names)
    yield from (Unreadable(str(error.filename), error.strerror or str(error)) for error in closed)
    for index, file in enumerate(files):
        if file.suffix.lower() != ".txt":
            yield PassedOver(str(file))
            continue
        item = _file(file, named=False)
        yield Found(item.name, item.data, done=(index + 1) / len(files)) if isinstance(item, Found) else item


def _file(file: Path, *, named: bool) -> Found | Unreadable:
    if not file.is_file():
        return Unreadable(str(file), "no regular file")
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        return Unreadable(str(file), error.strerror or str(error))
    return _checked(str(file), data, named=named, done=1.0)


def _checked(name: str, data: bytes, *, named: bool, done: float) -> Found | Unreadable:
    if len(data) > MAX_BYTES:
        return Unreadable(name, f"larger than {MAX_BYTES // 1024} KiB: no KB article")
    return Found(name, data, named, done)


def _stdin(stream: BinaryIO) -> Iterator[Item]:
    """Read an archive, told by its first bytes, or one article."""
    head = stream.read(512)
    rest = _Joined(head, stream)
    if head.startswith(b"PK\x03\x04"):
        # A zip's directory stands at its end: standard input must be held in memory, up to a cap.
        cap = 512 * 1024 * 1024
        data = rest.read(cap + 1)
        if len(data) > cap:
            yield Unreadable(
                "-", f"a zip of more than {cap // 1024 // 1024} MiB on standard input: save it as a file first"
            )
            return
        yield from _archive(io.BytesIO(data), "-", len(data), kind="zip")
    elif head.startswith(tuple(_COMPRESSED)) or head[257:262] == b"ustar":
        yield from _archive(rest, "-", 0, kind="tar")
    else:
        yield _checked("-", rest.read(MAX_BYTES + 1), named=True, done=1.0)


class _Joined(io.RawIOBase):
    """The bytes already read, then the stream."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        super().__init__()
        self._head, self._stream = head, stream

    def readable(self) -> bool:
        return True

    def peek(self, _size: int = 0) -> bytes:
        return self._head

    def read(self, size: int = -1) -> bytes:
        if size is None or size < 0:
            head, self._head = self._head, b""
            return head + self._stream.read()
        head, self._head = self._head[:size], self._head[size:]
        return head if len(head) == size else head + self._stream.read(size - len(head))


def _archive(stream: IO[bytes] | _Joined, name: str, size: int, kind: str = "") -> Iterator[Item]:
    try:
        if kind == "zip" or (not kind and name.lower().endswith(".zip")):
            yield from _zip(stream, name)
        else:
            yield from _tar(stream, name, size)
    except _DAMAGE as error:
        yield Unreadable(name, f"damaged or no archive: {_words(error)}")


def _words(error: Exception) -> str:
    """Return what a library says of damage, without the bytes that it may quote."""
    return re.sub(r"b?'(?:[^'\\]|\\.){40,}'", "...", str(error))[:200]


_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    OSError,
    TypeError,  # of tarfile, for a gzip header that is cut
)


def _tar(stream: IO[bytes] | _Joined, name: str, size: int) -> Iterator[Item]:
    done = 0.0
    with tarfile.open(fileobj=_decompressed(stream), mode="r|", tarinfo=_Member) as archive:
        for count, member in enumerate(iter(archive.next, None)):
            archive.members.clear()  # type: ignore[attr-defined]  # in no stub; else it keeps them all
            if count % 64 == 0 and size and hasattr(stream, "tell"):
                done = min(stream.tell() / size, 1.0)
            if count > MAX_MEMBERS:
                yield Unreadable(name, f"more than {MAX_MEMBERS} members")
                return
            full = f"{name}:{member.name}"
            claimed = (archive.offset - member.offset_data) // 1024**3
            if claimed >= _MAX_GIB:
                yield Unreadable(full, f"claims {claimed:,} GiB: refused, and the archive is not read any further")
                return
            if not member.isfile():
                continue
            refused = _refusal(member.name, member.size)
            if refused is not None:
                yield _refused(full, refused)
                continue
            content = archive.extractfile(member)
            if content is not None:
                with content:  # else its end is left to Python, which keeps a Ctrl-C in that moment to itself
                    data = content.read(member.size)
                yield _checked(full, data, named=False, done=done)


def _decompressed(stream: Any) -> Any:
    """Return what a stream holds, told by its first bytes; tarfile itself would decompress without any bound."""
    head = stream.peek(6)
    if len(head) < 6:  # of a pipe
        head = stream.read(6)
        stream = _Joined(head, stream)
    opener = next((opener for begin, opener in _COMPRESSED.items() if head.startswith(begin)), None)
    return opener(stream) if opener is not None else stream


_COMPRESSED: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    b"\x5d\x00\x00\x80": lzma.LZMAFile,
}


class _Member(tarfile.TarInfo):
    """A member whose long names and other additions, which tarfile reads whole, are of some size at most."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read a header. Raises ReadError when the addition that it announces is too large."""
        member = super().frombuf(buf, encoding, errors)
        if member.type in _ADDITIONS and member.size > MAX_BYTES:
            raise tarfile.ReadError(f"a header of {member.size // 1024 // 1024} MiB")
        return member


_ADDITIONS = (
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)


def _zip(stream: IO[bytes] | _Joined, name: str) -> Iterator[Item]:
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            yield Unreadable(name, f"more than {MAX_MEMBERS} members")
            return
        for index, member in enumerate(members):
            if member.is_dir():
                continue
            full = f"{name}:{member.filename}"
            refused = _refusal(member.filename, member.file_size)
            if refused is None and member.flag_bits & 1:
                refused = "encrypted: refused"
            if refused is None and member.compress_type not in _BOUNDED:
                refused = "compressed otherwise than by deflate: refused"
            if refused is None and member.file_size > MAX_RATIO * max(member.compress_size, 1):
                refused = f"compressed more than {MAX_RATIO} times: refused"
            if refused is not None:
                yield _refused(full, refused)
                continue
            try:
                with archive.open(member) as content:
                    yield _checked(full, content.read(MAX_BYTES + 1), named=False, done=(index + 1) / len(members))
            except _DAMAGE as error:
                yield Unreadable(full, f"damaged: {_words(error)}")


def _refusal(name: str, size: int) -> str | None:
    """Return why a member is not read: "" when its name passes it over, a reason when it is refused."""
    lower = name.lower()
    if lower.endswith(_NESTED):
        return "an archive inside an archive: refused"
    if not lower.endswith(".txt"):
        return ""
    return f"larger than {MAX_BYTES // 1024} KiB: no KB article" if size > MAX_BYTES else None


def _refused(name: str, reason: str) -> Item:
    """Return what a refused member is in the listing."""
    return Unreadable(name, reason) if reason else PassedOver(name)
