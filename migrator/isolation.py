"""The boundary around one job: an exception while it is read, planned, written or drawn blocks that job alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from migrator.errors import JobError, MigratorError, StateError
from migrator.soundness import storable

P = ParamSpec("P")
T = TypeVar("T")

_SHOWN: Final = 200


def attempt(stage: str, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | MigratorError:
    """Return what `work` returns, or the error that blocks its job.

    Args:
        stage: what is done to the job, as a participle: "read", "planned", "drawn".
        work: does it, to one job.
        args: for `work`.
        kwargs: for `work`.

    Raises:
        StateError: the state cannot be read or written, which concerns every job.
        MemoryError: likewise.
    """
    try:
        return work(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 (this is the boundary)
        return job_error(stage, error)


def job_error(stage: str, error: Exception) -> MigratorError:
    """Return the error that blocks a job on which a stage failed.

    Raises:
        StateError: see `attempt`.
        MemoryError: likewise.
    """
    if isinstance(error, StateError | MemoryError):
        raise error
    if isinstance(error, MigratorError):
        return error
    said = storable(str(error))[:_SHOWN]
    found = f"{type(error).__name__}: {said}" if said else type(error).__name__
    hint = "the other jobs are not affected; correct the job at its platform, or leave it out with select"
    return JobError(f"it cannot be {stage}", actual=found, hint=hint)
