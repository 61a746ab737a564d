"""What can go wrong, as situations a user can name.

Every message has three parts: what was expected, what was found (with file or row), what to do
next. All faults of one input are collected and told at once, in a fixed order.
"""

from __future__ import annotations

from collections.abc import Sequence

FAULTS_IN_FULL = 10


class AmgsError(Exception):
    """Something amgs explains to its user; the base of all others."""


class NoImagesError(AmgsError, ValueError):
    """No image was found where images were expected."""


class UnreadableImageError(AmgsError, ValueError):
    """A file is not an image that can be used."""


class UnreadableVideoError(AmgsError, ValueError):
    """A file is not a video that can be used, or is damaged where an image was wanted."""


class TableError(AmgsError, ValueError):
    """A CSV lacks a column, or a cell holds what it must not hold."""


class OneClassError(AmgsError, ValueError):
    """Training or evaluation needs both `pain` and `no pain`, and got one of them."""


class ConflictingLabelsError(AmgsError, ValueError):
    """The same image carries both classes."""


class LeakedAnimalError(AmgsError, ValueError):
    """One animal stands in two parts of a split."""


class UnknownAnimalsError(AmgsError, ValueError):
    """Some images name their animal and others do not."""


class TooFewAnimalsError(AmgsError, ValueError):
    """There are not enough animals (or images) to make parts that hold both classes."""


class UnknownNameError(AmgsError, KeyError):
    """A backbone, model or recipe of that name does not exist."""

    def __str__(self) -> str:
        """Return the message as it is; `KeyError` would put it in quotes."""
        return str(self.args[0])


class MissingExtraError(AmgsError, ImportError):
    """A package that only some use needs is not installed."""


class DesignError(AmgsError, ValueError):
    """The design does not allow what was asked: an animal in two groups, no baseline."""


class NothingLeftError(DesignError):
    """No animal has a value at every timepoint, so nothing can be compared."""


class ScaleError(AmgsError, ValueError):
    """A file does not describe a grimace scale."""


class StudyError(AmgsError, ValueError):
    """A folder is no study, or its settings or its table of recordings have faults."""


class StoreError(AmgsError, OSError):
    """The study's database cannot be opened or written."""


class ConflictError(StoreError):
    """A row of the study's database that must be the only one of its kind is there already."""


class StoreTooNewError(StoreError):
    """The study's database was written by a newer amgs."""


class SignedOutError(AmgsError, PermissionError):
    """Something was sent to the scoring room by somebody who is not signed in."""


class StillBlindError(AmgsError, PermissionError):
    """Human scores and groups were to be shown together before the study was unblinded."""


class WeightsError(AmgsError, ValueError):
    """A weight file is missing, damaged, or belongs to another network."""


class DownloadError(AmgsError, OSError):
    """A file could not be fetched from the network."""


class CameraError(AmgsError, RuntimeError):
    """A camera, a stream or a growing file cannot be opened, or is lost."""


class ClusterError(AmgsError, RuntimeError):
    """A cluster cannot be reached, started, or used."""


class WorkLostError(AmgsError, RuntimeError):
    """A unit of work failed on every worker that it was given to."""


class BrokenModelError(AmgsError, ValueError):
    """A model folder is incomplete or was changed after it was written."""


class OutputExistsError(AmgsError, FileExistsError):
    """A result would overwrite something that is already there."""


class ResumeError(AmgsError, ValueError):
    """An unfinished result cannot be continued with these options."""


class ImpossibleValueError(AmgsError, ValueError):
    """A number lies where it cannot lie, such as a confidence of 0.4."""


def count_of(n: int, noun: str) -> str:
    """Write how many there are of something: ``1 fault``, ``2 faults``, ``3 copies``."""
    if n == 1:
        return f"1 {noun}"
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{n} {plural}"


def quoted(path: object) -> str:
    """Write a path so that it can be copied into a terminal, also with blanks in it."""
    text = str(path)
    return f'"{text}"' if any(letter.isspace() for letter in text) else text


def list_faults(faults: Sequence[str], indent: str = "  - ", most: int = FAULTS_IN_FULL) -> str:
    """Write faults as an indented list, the first ones in full and the rest as a count.

    Parameters
    ----------
    faults
        One line each.
    indent
        What every line starts with.
    most
        How many are written in full.

    Returns
    -------
    str
        Lines joined by newlines, without a final one.
    """
    lines = [indent + fault for fault in faults[:most]]
    if len(faults) > most:
        lines.append(f"{indent}… and {len(faults) - most} more")
    return "\n".join(lines)
