"""The chain, seal by seal and entry by entry, compared with what each says of the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from rx_review.audit.chain import ZERO, Entry, Linking, Seal, entry_digest, instant, statement
from rx_review.audit.signing import Verifier, algorithms
from rx_review.audit.wording import fault
from rx_review.errors import Fault


class _Open:
    """A seal whose entries are being read."""

    def __init__(self, seal: Seal, where: str, is_known: bool) -> None:
        self.seal = seal
        self.where = where
        # Whether this machine can hash as the seal says.
        self.is_known = is_known
        # None if there is nothing to compare its head with: an entry could not be read, and that has been said.
        self.linking = Linking(seal) if is_known else None
        self.seen = 0
        self.last_id = 0


class Walk:
    """The chain of a county as far as it has been read; what is wrong gathers in `faults`.

    `where` is always the place of the line: `name:number`.
    """

    def __init__(self, county: str, verifiers: Sequence[Verifier], checkpoints: Sequence[Seal]) -> None:
        self.county = county
        self.faults: list[Fault] = []
        self.seals = self.entries = self.erased = self.proved = 0
        self.first: datetime | None = None
        self.last: Seal | None = None
        self.keys: list[str] = []
        self._verifiers = {verifier.key: verifier for verifier in verifiers}
        self._known = {algorithm.name for algorithm in algorithms()}
        self._open: _Open | None = None
        # Set where a seal is missing and that has been said: its entries are not told one by one.
        self._astray = False
        self._waiting: defaultdict[int, list[Seal]] = defaultdict(list)
        for checkpoint in checkpoints:
            self._await(checkpoint)

    def say(self, kind: str, where: str, **values: object) -> None:
        """Add a fault."""
        self.faults.append(fault(kind, where, **values))

    def seal(self, where: str, seal: Seal) -> None:
        """Go on to the next seal."""
        self.close()
        self._astray = False
        # A chain that somebody else signed all through is one fault, not one a seal.
        if seal.key in self._verifiers or seal.key not in self.keys:
            self.faults += self._signing_faults(seal, where)
        if seal.key not in self.keys:
            self.keys.append(seal.key)
        elif seal.key != self.keys[-1]:
            self.say("key-old", where, key=seal.key)
        self._follow(where, seal)
        for checkpoint in self._waiting.pop(seal.number, ()):
            if statement(checkpoint) == statement(seal):
                self.proved = max(self.proved, seal.number)
            else:
                self.say("checkpoint-differs", where, number=seal.number, at=instant(checkpoint.at))
        self._open = _Open(seal, where, seal.algorithm in self._known)
        self.seals += 1
        self.first = self.first or seal.at
        self.last = seal

    def entry(self, where: str, entry: Entry) -> None:
        """Go on to the next entry."""
        self.entries += 1
        current = self._open
        if current is None:
            if not self._astray:
                self.say("entry-loose", where, id=entry.id)
                self._astray = True
            return
        current.seen += 1
        if entry.id <= current.last_id:
            self.say("entry-order", where, id=entry.id, before=current.last_id)
        current.last_id = entry.id
        if entry.salt is None or entry.body is None:
            self.erased += 1
        elif current.is_known and entry_digest(entry.salt, entry.body, current.seal.algorithm) != entry.digest:
            self.say("entry-digest", where, id=entry.id)
        if current.linking is not None:
            current.linking.add(entry.id, entry.digest)

    def skip(self, is_seal: bool) -> None:
        """Go on behind a line that cannot be read, which has been said."""
        if is_seal:
            self.close()
            self._astray = True
        elif self._open is not None:
            self._open.linking = None

    def close(self) -> None:
        """Compare a seal with the entries that followed it."""
        current, self._open = self._open, None
        if current is None or current.linking is None:
            return
        number, count = current.seal.number, current.seal.count
        if current.seen != count:
            self.say("seal-count", current.where, number=number, count=count, seen=current.seen)
        elif current.linking.head() != current.seal.head:
            self.say("seal-head", current.where, number=number, count=count)

    def finish(self) -> None:
        """Say which checkpoints saw more than there is."""
        self.close()
        last = self.last.number if self.last else 0
        for checkpoint in (seal for waiting in self._waiting.values() for seal in waiting):
            number, where, at = checkpoint.number, _place(checkpoint), instant(checkpoint.at)
            if number > last:
                entry, missing = checkpoint.last, number - last
                self.say("checkpoint-cut", where, number=number, at=at, last=last, missing=missing, entry=entry)
            else:
                self.say("checkpoint-missing", where, number=number, at=at)

    def _await(self, checkpoint: Seal) -> None:
        """Wait for the seal of a checkpoint, if the checkpoint itself is sound."""
        faults = list(self._signing_faults(checkpoint, _place(checkpoint)))
        self.faults += faults
        if not faults:
            self._waiting[checkpoint.number].append(checkpoint)

    def _signing_faults(self, seal: Seal, where: str) -> Iterator[Fault]:
        """What is wrong with the county, the key or the signature."""
        if seal.county != self.county:
            yield fault("seal-county", where, county=seal.county, wanted=self.county)
        verifier = self._verifiers.get(seal.key)
        if seal.algorithm not in self._known:
            yield fault("algorithm-unknown", where, algorithm=seal.algorithm)
        elif verifier is None:
            yield fault("key-other", where, key=seal.key)
        elif verifier.algorithm != seal.algorithm:
            yield fault("algorithm", where, algorithm=seal.algorithm, wanted=verifier.algorithm)
        elif not verifier.verify(statement(seal), seal.signature):
            yield fault("signature", where)

    def _follow(self, where: str, seal: Seal) -> None:
        """Say why a seal does not follow the one before; one reason is enough."""
        last = self.last
        number, before, wanted = seal.number, *((last.number, last.last + 1) if last else (0, 1))
        if number > before + 1:
            self.say("seal-missing", where, number=number, before=before, missing=number - before - 1)
        elif number <= before:
            self.say("seal-order", where, number=number, before=before)
        elif seal.previous != (last.head if last else ZERO):
            self.say("seal-previous", where, number=number, before=before)
        elif seal.first != wanted:
            self.say("seal-first", where, number=number, first=seal.first, wanted=wanted)
        elif last and seal.at < last.at:
            self.say("seal-time", where, number=number, at=instant(seal.at), before=instant(last.at))


def _place(checkpoint: Seal) -> str:
    return f"checkpoint of seal {checkpoint.number}"
