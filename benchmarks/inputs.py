"""Input for the timings, made up and seeded: articles after the bundled ones, and inventories with a realistic skew.

In an inventory most hosts are at the last two service packs of a few products, two thirds report a build, one in seven
reports files, mostly the same few versions, and one in thirty claims a hotfix. A million hosts have some thousands of
distinct levels, as real estates do; `distinct` makes any number of them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEED = 241556

# product as written, release, share of the estate, service packs with share and build
PRODUCTS = (
    ("Microsoft Exchange Server", "5.5", 45, (("RTM", 1, "1960.4"), ("SP1", 2, "2232.9"), ("SP2", 4, "2448.8"),
                                              ("SP3", 28, "2650.24"), ("SP4", 63, "2653.23"), ("", 2, ""))),
    ("Exchange Server", "5.0", 3, (("RTM", 20, ""), ("SP1", 30, ""), ("SP2", 50, ""))),
    ("Windows NT Server", "4.0", 28, (("SP3", 4, ""), ("SP4", 6, ""), ("SP5", 15, ""), ("SP6a", 74, ""), ("", 1, ""))),
    ("Windows 2000 Server", "2000", 14, (("RTM", 5, ""), ("SP1", 15, ""), ("SP2", 78, ""), ("", 2, ""))),
    ("Systems Management Server", "2.0", 6, (("RTM", 5, ""), ("SP1", 10, ""), ("SP2", 40, ""), ("SP3", 45, ""))),
    ("SNA Server", "4.0", 4, (("RTM", 5, ""), ("SP1", 10, ""), ("SP2", 25, ""), ("SP3", 60, ""))),
)  # fmt: skip
FILES = ("Store.exe", "Emsmdb32.dll", "Mdbmsg.dll", "Imcmsg.dll", "Mad.exe", "Dsamain.exe", "Emsabp32.dll")
HOTFIXES = ("Q268886", "Q248838", "Q274280", "Q309010", "Q288562", "Q255037")
HEADER = "host,product,version,service_pack,build,hotfixes,files,os,site\n"


def articles(folder: Path, number: int) -> None:
    """Write `number` articles: the bundled ones, each under many numbers."""
    folder.mkdir()
    texts = [path.read_bytes() for path in sorted((ROOT / "advisories").glob("Q*.TXT"))]
    for index in range(number):
        ident = b"DOCUMENT:Q%d " % (400_000 + index)
        text = re.sub(rb"DOCUMENT:Q\d+ ", ident, texts[index % len(texts)], count=1)
        (folder / f"Q{400_000 + index}.TXT").write_bytes(text)


def inventory(path: Path, hosts: int) -> None:
    """Write an inventory with the skew of a real estate."""
    chance = random.Random(SEED)
    shares = [share for _, _, share, _ in PRODUCTS]
    versions = [(file, f"5.5.{branch}.{chance.randrange(1, 99)}") for file in FILES for branch in (2650, 2653, 2655)]
    often = [1 / rank for rank in range(1, len(versions) + 1)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(HEADER)
        for number in range(hosts):
            name, release, _, levels = chance.choices(PRODUCTS, shares)[0]
            level, _, build = chance.choices(levels, [share for _, share, _ in levels])[0]
            build = build if chance.random() < 0.66 else ""
            hotfix = chance.choice(HOTFIXES) if chance.random() < 0.03 else ""
            files = ""
            if release == "5.5" and chance.random() < 0.15:
                told = dict(chance.choices(versions, often, k=chance.choice((1, 1, 2))))
                files = ";".join(f"{file}={version}" for file, version in told.items())
            system = f"Windows NT 4.0 SP{chance.choice('566')}"
            stream.write(
                f"SRV{number:07},{name},{release},{level},{build},{hotfix},{files},{system},S{number % 200:03}\n"
            )


def distinct(path: Path, hosts: int, levels: int) -> None:
    """Write an inventory of Exchange 5.5 servers that has `levels` different levels, by the build of one file."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(HEADER)
        for number in range(hosts):
            build = f"5.5.{2650 + number % levels % 7}.{number % levels // 7}"
            stream.write(f"SRV{number:07},Exchange Server,5.5,SP3,2650.24,,Store.exe={build},,\n")


def part(items: Iterator[object], folder: Path, keep: int) -> None:
    """Write every `keep`-th text of an archive to a folder."""
    folder.mkdir()
    texts = (item for item in items if hasattr(item, "data"))
    for number, item in enumerate(texts):
        if number % keep == 0:
            (folder / f"{number}.TXT").write_bytes(item.data)
