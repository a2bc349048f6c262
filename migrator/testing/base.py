"""What the classes of the table share: the pairs that a scenario runs between, and a lab for each."""

from __future__ import annotations

import asyncio
import functools
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest

from migrator.testing.lab import Lab
from migrator.testing.place import Place
from migrator.testing.platform import JobsFile, Platform
from migrator.testing.plugin import recorded

MakeLab = Callable[..., Lab]
Pair = tuple[Platform, Platform]
F = TypeVar("F", bound=Callable[..., Any])

FILE = JobsFile()
"""The counterpart of every platform."""


def synchronous(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Return a coroutine test as a function that pytest calls with or without plug-ins for coroutines."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))  # type: ignore[arg-type] # what an async def returns is a coroutine

    return run


def each(**values: Sequence[Any]) -> Callable[[F], F]:
    """Return a decorator that runs a test with each of the values of one argument."""
    ((name, given),) = values.items()
    return pytest.mark.parametrize(name, given)


class Base:
    """A part of the table.

    Attributes:
        platform: the platform that is tried.
    """

    platform: ClassVar[Platform]

    @classmethod
    def pairs(cls) -> list[Pair]:
        """Return every source with its target: by default to a file of jobs and from one."""
        return [(cls.platform, FILE), (FILE, cls.platform)]

    @classmethod
    def place(cls, platform: Platform, settings: Mapping[str, Any], folder: Path) -> Place:
        """Return a started platform as its users see it."""
        return Place(platform, settings, folder)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each scenario between each pair."""
        if "pair" in metafunc.fixturenames:
            pairs = self.pairs()
            metafunc.parametrize("pair", pairs, ids=[f"{s.provider}-{t.provider}" for s, t in pairs], scope="class")

    @pytest.fixture(scope="class")
    @classmethod
    def started(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Platform], Place]]:
        """Each platform, started when it is first asked for and stopped at the end."""
        places: dict[Platform, Place] = {}
        with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
            patch.delenv("SSL_CERT_FILE", raising=False)
            patch.setenv("SSL_CERT_DIR", os.devnull)  # reading certificates takes most of the time of opening a client

            def start(platform: Platform) -> Place:
                if platform not in places:
                    folder = tmp_path_factory.mktemp(platform.provider)
                    settings = stack.enter_context(platform.start(folder))
                    places[platform] = place = cls.place(platform, settings, folder)
                    stack.callback(place.close)
                return places[platform]

            yield start

    @pytest.fixture
    def make_lab(
        self, request: pytest.FixtureRequest, started: Callable[[Platform], Place], pair: Pair
    ) -> Iterator[MakeLab]:
        """Makes a lab between empty platforms: `make_lab(on_missing="delete")`; no foreign job is touched in it."""
        recorded(request.node, " to ".join(platform.provider for platform in pair))
        memory = Path("/dev/shm")  # noqa: S108 (a folder of our own is made in it)
        with ExitStack() as stack:
            in_memory = memory if os.access(memory, os.W_OK) else None  # a state waits for its disk
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=in_memory)))

            def make(**options: Any) -> Lab:
                source, target = map(started, pair)
                source.clear()
                target.clear()
                return stack.enter_context(Lab(source, target, folder, **options))

            yield make
