"""Finding texts: every kind of container, refused members, damage; nothing is unpacked to disk."""

import bz2
import gzip
import io
import lzma
import os
import sys
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kbcheck import archive
from kbcheck.archive import ArchiveError, Found, Item, PassedOver, Unreadable
from kbcheck.article import MAX_BYTES

FILES = {"a/Q100001.TXT": b"one", "a/b/q100002.txt": b"two" * 1000, "README.md": b"passed over", "Q100003.TXT": b""}
TOO_LARGE = f"larger than {MAX_BYTES // 1024} KiB: no KB article"


def zipped(files: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as target:
        for name, data in files.items():
            target.writestr(name, data)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], members: Iterable[tarfile.TarInfo] = ()) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as target:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            target.addfile(member, io.BytesIO(data))
        for member in members:
            target.addfile(member)
    return buffer.getvalue()


Pack = Callable[[dict[str, bytes]], bytes]
PACKS: dict[str, Pack] = {
    "k.zip": zipped,
    "stored.ZIP": lambda files: zipped(files, zipfile.ZIP_STORED),
    "k.tar": tarred,
    "k.tar.gz": lambda files: gzip.compress(tarred(files)),
    "k.tgz": lambda files: gzip.compress(tarred(files)),
    "k.tar.xz": lambda files: lzma.compress(tarred(files)),
    "alone.tar.xz": lambda files: lzma.compress(tarred(files), lzma.FORMAT_ALONE),
    "k.tar.bz2": lambda files: bz2.compress(tarred(files)),
}


def put(folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return str(path)


def find(*paths: str, stdin: bytes = b"") -> list[Item]:
    return list(archive.find(paths, io.BytesIO(stdin)))


def texts(items: Iterable[Item]) -> dict[str, bytes]:
    return {each.name: each.data for each in items if isinstance(each, Found)}


def refused(items: Iterable[Item]) -> dict[str, str]:
    return {each.name: each.reason for each in items if isinstance(each, Unreadable)}


# --- places -----------------------------------------------------------------------------------------------------------


def test_a_named_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = put(tmp_path, "notes.md", b"words")
    assert find(path) == [Found(path, b"words", named=True, done=1.0)]


def test_a_folder_is_walked_in_a_stable_order(tmp_path: Path) -> None:
    for name, data in FILES.items():
        put(tmp_path, name, data)
    items = find(str(tmp_path))
    names = [Path(each.name).relative_to(tmp_path).as_posix() for each in items]
    assert names == ["Q100003.TXT", "README.md", "a/Q100001.TXT", "a/b/q100002.txt"]
    assert [type(each) for each in items] == [Found, PassedOver, Found, Found]
    assert texts(items) == {str(tmp_path / name): data for name, data in FILES.items() if not name.endswith(".md")}
    assert not any(each.named for each in items if isinstance(each, Found))


@pytest.mark.parametrize("name", PACKS)
def test_an_archive_is_read_member_by_member(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name, PACKS[name](FILES))
    items = find(path)
    assert texts(items) == {f"{path}:{n}": data for n, data in FILES.items() if not n.endswith(".md")}
    assert [each for each in items if not isinstance(each, Found)] == [PassedOver(f"{path}:README.md")]
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", PACKS)
def test_standard_input_may_be_an_archive(name: str) -> None:
    items = find("-", stdin=PACKS[name](FILES))
    assert texts(items) == {f"-:{n}": data for n, data in FILES.items() if not n.endswith(".md")}


@pytest.mark.parametrize("data", [b"", b"PK", b"DOCUMENT:Q100001", b"x" * 5000])
def test_standard_input_may_be_one_text(data: bytes) -> None:
    assert find("-", stdin=data) == [Found("-", data, named=True, done=1.0)]


def test_standard_input_in_small_pieces() -> None:
    """A pipe returns less than was asked for."""
    packed = gzip.compress(tarred(FILES))
    reading, writing = os.pipe()
    with open(reading, "rb", buffering=0) as source, open(writing, "wb", buffering=0) as sink:
        assert len(packed) < 4096  # the pipe holds it
        sink.write(packed)
        sink.close()
        items = list(archive.find(["-"], source))
    assert len(texts(items)) == 3


def test_several_paths_in_their_order(tmp_path: Path) -> None:
    paths = [
        put(tmp_path, "b.txt", b"b"),
        put(tmp_path, "a.zip", zipped({"x.txt": b"x"})),
        put(tmp_path, "a.txt", b"a"),
    ]
    items = find(*paths)
    assert [each.name for each in items] == [paths[0], f"{paths[1]}:x.txt", paths[2]]
    done = [each.done for each in items if isinstance(each, Found)]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1.0)


def test_an_empty_folder_and_empty_archives_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert find(str(tmp_path / "empty")) == []
    for name in ("k.zip", "k.tar", "k.tar.gz"):
        assert find(put(tmp_path, name, PACKS[name]({}))) == []


@pytest.mark.parametrize("name", ["none", "none.zip", "none/Q100001.TXT"])
def test_a_missing_path_is_told_before_anything_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArchiveError, match=r"none.*: no such file or folder$"):
        archive.find([str(tmp_path), str(tmp_path / name)])


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inner", ["inner.zip", "inner.TAR.GZ", "x/inner.tgz", "Q100001.exe", "inner.7z", "Q1.TXT.gz"])
@pytest.mark.parametrize("name", ["k.zip", "k.tar", "k.tar.gz"])
def test_a_nested_archive_is_refused_by_name(tmp_path: Path, name: str, inner: str) -> None:
    path = put(tmp_path, name, PACKS[name]({inner: zipped(FILES), "Q100001.TXT": b"one"}))
    items = find(path)
    assert refused(items) == {f"{path}:{inner}": "an archive inside an archive: refused"}
    assert texts(items) == {f"{path}:Q100001.TXT": b"one"}


@pytest.mark.parametrize("name", ["k.zip", "stored.ZIP", "k.tar", "k.tar.xz"])
def test_a_member_that_is_too_large_is_refused(tmp_path: Path, name: str) -> None:
    large = bytes(range(256)) * (MAX_BYTES // 256)
    path = put(tmp_path, name, PACKS[name]({"fits.txt": large, "large.TXT": large + b"x", "Q100001.TXT": b"one"}))
    items = find(path)
    assert refused(items) == {f"{path}:large.TXT": TOO_LARGE}
    assert {n: len(data) for n, data in texts(items).items()} == {
        f"{path}:fits.txt": MAX_BYTES,
        f"{path}:Q100001.TXT": 3,
    }


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    large = put(tmp_path, "large.txt", b"x" * (MAX_BYTES + 1))
    for items in (find(large), find(str(tmp_path))):
        assert refused(items) == {large: TOO_LARGE}
    assert refused(find("-", stdin=b"x" * (MAX_BYTES + 1))) == {"-": TOO_LARGE}


def test_a_member_that_lies_about_its_size_is_not_read_further(tmp_path: Path) -> None:
    """The directory says 10 bytes, the stream holds more than an article can be."""
    data = zipped({"Q100001.TXT": os.urandom(1024) * (MAX_BYTES // 1024 + 1), "Q100002.TXT": b"two"})
    honest = (MAX_BYTES // 1024 + 1) * 1024
    lying = data.replace(honest.to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != data
    path = put(tmp_path, "k.zip", lying)
    items = find(path)
    assert set(refused(items)) == {f"{path}:Q100001.TXT"}
    assert texts(items) == {f"{path}:Q100002.TXT": b"two"}


@pytest.mark.parametrize("name", ["k.zip"])
def test_a_compression_bomb_is_refused(tmp_path: Path, name: str) -> None:
    path = put(tmp_path, name, PACKS[name]({"bomb.txt": b"\0" * (MAX_BYTES - 1), "Q100001.TXT": b"one"}))
    items = find(path)
    assert refused(items) == {f"{path}:bomb.txt": "compressed more than 400 times: refused"}
    assert texts(items) == {f"{path}:Q100001.TXT": b"one"}


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_bomb_in_a_tar_is_passed_by(tmp_path: Path, kind: str) -> None:
    (tmp_path / "zeros").touch()
    os.truncate(tmp_path / "zeros", 64 * 1024 * 1024)
    path = tmp_path / f"bomb.tar.{kind}"
    with tarfile.open(path, f"w:{kind}") as target:  # type: ignore[call-overload]  # knows words written out only
        target.add(tmp_path / "zeros", "bomb.txt")
        target.add(Path(put(tmp_path, "one", b"one")), "Q100001.TXT")
    tracemalloc.start()
    items = find(str(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused(items) == {f"{path}:bomb.txt": TOO_LARGE}
    assert texts(items) == {f"{path}:Q100001.TXT": b"one"}
    assert peak < 24 * 1024 * 1024


def test_an_encrypted_member_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    data = bytearray(zipped({"Q100001.TXT": b"one", "Q100002.TXT": b"two"}, zipfile.ZIP_STORED))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path = put(tmp_path, "k.zip", bytes(data))
    items = find(path)
    assert set(refused(items)) == {f"{path}:Q100001.TXT"}
    assert "encrypted" in refused(items)[f"{path}:Q100001.TXT"]
    assert texts(items) == {f"{path}:Q100002.TXT": b"two"}


HOSTILE = ["/etc/kbcheck-test.txt", "../../kbcheck-test.txt", "..\\..\\kbcheck-test.txt", "C:\\kbcheck-test.txt"]


@pytest.mark.parametrize("name", PACKS)
def test_hostile_member_names_are_only_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    work = tmp_path / "work" / "deep"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)
    path = put(tmp_path, name, PACKS[name](dict.fromkeys(HOSTILE, b"evil")))
    assert list(texts(find(path)).values()) == [b"evil"] * len(HOSTILE)
    assert sorted(each.name for each in tmp_path.rglob("*")) == sorted(["work", "deep", name])
    assert not Path("/etc/kbcheck-test.txt").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_members_that_are_no_files_are_not_followed(tmp_path: Path, kind: bytes) -> None:
    secret = put(tmp_path, "secret.txt", b"secret")
    member = tarfile.TarInfo("Q100001.TXT")
    member.type, member.linkname = kind, secret
    path = put(tmp_path, "k.tar", tarred({"Q100002.TXT": b"two"}, [member]))
    assert texts(find(path)) == {f"{path}:Q100002.TXT": b"two"}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["k.tar", "secret.txt"]


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a privilege on Windows")
def test_links_in_a_folder(tmp_path: Path) -> None:
    put(tmp_path, "in/Q100001.TXT", b"one")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "gone.txt").symlink_to(tmp_path / "nowhere")
    items = find(str(tmp_path / "in"))
    assert texts(items) == {str(tmp_path / "in" / "Q100001.TXT"): b"one"}
    assert set(refused(items)) == {str(tmp_path / "in" / "gone.txt")}


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PACKS)
@pytest.mark.parametrize("data", [b"", b"no archive at all", b"PK\x03\x04", b"\x1f\x8b\x09", b"BZh9", b"\xfd7zXZ\x00"])
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    path = put(tmp_path, name, data)
    items = find(path)
    assert [type(each) for each in items] == [Unreadable]
    assert refused(items)[path].startswith("damaged")


@pytest.mark.parametrize("length", [3, *range(4, 10)])
def test_a_cut_gzip_header_is_told(tmp_path: Path, length: int) -> None:
    path = put(tmp_path, "k.tar.gz", gzip.compress(b"", mtime=0)[:length])
    assert set(refused(find(path))) == {path}


@pytest.mark.parametrize("name", [each for each in PACKS if each != "k.tar"])
def test_a_cut_archive_is_told(tmp_path: Path, name: str) -> None:
    data = PACKS[name]({f"Q{100000 + n}.TXT": os.urandom(1000) for n in range(50)})
    path = put(tmp_path, name, data[: len(data) // 2])
    items = find(path)
    assert set(refused(items)) == {path}
    whole = set(texts(find(put(tmp_path, name, data))).items())
    assert set(texts(items).items()) <= whole


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_could_grow_without_bound_is_refused(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "k.zip", "w") as target:
        target.writestr("Q100001.TXT", b"one", method)
        target.writestr("Q100002.TXT", b"two", zipfile.ZIP_DEFLATED)
    items = find(str(tmp_path / "k.zip"))
    assert refused(items) == {f"{tmp_path / 'k.zip'}:Q100001.TXT": "compressed otherwise than by deflate: refused"}
    assert texts(items) == {f"{tmp_path / 'k.zip'}:Q100002.TXT": b"two"}


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "Q100001.TXT", b"one")
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    items = find(tmp_path)
    assert set(refused(items)) == {str(tmp_path / "closed")}
    assert set(texts(items)) == {str(tmp_path / "Q100001.TXT")}


def test_one_damaged_member_does_not_hide_the_others(tmp_path: Path) -> None:
    names = [f"Q{100000 + n}.TXT" for n in range(3)]
    data = bytearray(zipped({name: (name * 99).encode() for name in names}))
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        begin = source.infolist()[1].header_offset + 30 + len(names[1])
    data[begin] = 0xFF  # a block type that deflate does not have
    path = put(tmp_path, "k.zip", bytes(data))
    items = find(path)
    assert set(refused(items)) == {f"{path}:{names[1]}"}
    assert set(texts(items)) == {f"{path}:{names[0]}", f"{path}:{names[2]}"}


def test_a_wrong_checksum_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    data = zipped({"Q100001.TXT": b"one", "Q100002.TXT": b"two"}, zipfile.ZIP_STORED).replace(b"one", b"0ne")
    path = put(tmp_path, "k.zip", data)
    items = find(path)
    assert set(refused(items)) == {f"{path}:Q100001.TXT"}
    assert texts(items) == {f"{path}:Q100002.TXT": b"two"}


@settings(max_examples=150)
@example("k.tar.gz", [], -3, b"")
@given(
    st.sampled_from(sorted(PACKS)),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(1, 255)), max_size=6),
    st.integers(0, 2000),
    st.binary(max_size=20),
)
def test_damage_never_raises(
    tmp_path_factory: pytest.TempPathFactory, name: str, flips: list[tuple[int, int]], cut: int, tail: bytes
) -> None:
    data = bytearray(PACKS[name](FILES))
    for at, change in flips:
        data[at % len(data)] ^= change
    data = data[: len(data) - cut % len(data)] + tail
    path = put(tmp_path_factory.getbasetemp(), name, bytes(data))
    for items in (find(path), find("-", stdin=bytes(data))):
        assert all(each.name for each in items)


@example(b"\x1f\x8b\x08", "k.tar")
@given(st.binary(max_size=600), st.sampled_from(sorted(PACKS)))
def test_any_bytes_can_be_given(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    path = put(tmp_path_factory.getbasetemp(), name, data)
    assert all(each.name for each in find(path, "-", stdin=data))


def test_a_header_of_some_size_is_read_and_a_huge_one_is_not(tmp_path: Path) -> None:
    def archive_with(name: str, size: int) -> Path:
        path = tmp_path / f"{size}.tar"
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as made:
            add(made, "Q100001.TXT", b"x")
            add(made, f"{'d' * size}/Q100002.TXT", b"y")
        return path

    path = archive_with("long", 3000)
    assert [each.data for each in archive.find([str(path)]) if isinstance(each, Found)] == [b"x", b"y"]
    path = archive_with("huge", 5 * 1024 * 1024)
    items = list(archive.find([str(path)]))
    assert [each.data for each in items if isinstance(each, Found)] == [b"x"]
    assert refused(items) == {str(path): "damaged or no archive: a header of 5 MiB"}


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", ["k.tar", "k.tar.gz"])
def test_a_member_that_claims_more_than_any_archive_holds_ends_it(tmp_path: Path, form: int, name: str) -> None:
    """Else all that it claims would be looked for, behind the end."""
    huge = tarfile.TarInfo("readme.bin")
    huge.size = 10**15
    data = tarred({"Q100001.TXT": b"one"})[:1024] + huge.tobuf(form) + tarred({"Q100002.TXT": b"two"})
    path = put(tmp_path, name, gzip.compress(data) if name.endswith(".gz") else data)
    for items, at in ((find(path), path), (find("-", stdin=Path(path).read_bytes()), "-")):
        assert texts(items) == {f"{at}:Q100001.TXT": b"one"}
        told = "claims 931,322 GiB: refused, and the archive is not read any further"
        assert refused(items) == {f"{at}:readme.bin": told}


def add(made: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    made.addfile(member, io.BytesIO(data))


def test_damage_is_told_without_the_bytes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("Q100001.TXT", b"text")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"Q100001.TXT", b"\x01\x02\xff" * 3 + b"XT", 1))
    (reason,) = refused(list(archive.find([str(path)]))).values()
    assert reason.startswith("damaged: ")
    assert len(reason) < 220
    assert reason.isprintable()
