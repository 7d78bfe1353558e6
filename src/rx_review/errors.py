"""The one error tree. Each error says where, what is wrong and what to do next.

RxError                      exit code
├── InputError               2   a prescription or file that cannot be read
│   └── ContradictionError   2   it can be read, and contradicts itself
├── LibraryError             2   rules/ or formulary/ do not hold together
├── EngineError              3   the rule engine failed; manual review is required
└── EnvironmentFault         3   the machine lacks something
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where it stands, what it is, what to do. `zh` says the same in Chinese."""

    where: str
    what: str
    do: str
    zh: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.do}" if self.do else f"{self.where}: {self.what}"

    def in_chinese(self) -> str:
        """The fault in Chinese, or in English where nobody wrote it."""
        return f"{self.where}：{self.zh}" if self.zh else str(self)


class RxError(Exception):
    """Anything rx-review refuses or cannot do, with every fault found."""

    exit_code: ClassVar[int] = 3

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults


class InputError(RxError):
    """A prescription, or the file it came in, cannot be read."""

    exit_code: ClassVar[int] = 2


class ContradictionError(InputError):
    """Every field is well formed, and the fields contradict each other."""


class LibraryError(RxError):
    """The rules or the formulary do not hold together."""

    exit_code: ClassVar[int] = 2


class EngineError(RxError):
    """The rule engine failed. The only safe answer is: manual review required."""


class EnvironmentFault(RxError):
    """The machine or its settings lack something rx-review needs."""
