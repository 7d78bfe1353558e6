"""The chain out of the database: a round trip, at one instant, and what is said of what is not in it."""

import io
import threading

import pytest
from tests.audit.desk import NOON, add_rows

from rx_review.audit import verify_export
from rx_review.audit.exporting import export_stored, newest_seal, standing
from rx_review.errors import EnvironmentFault


def test_what_is_sealed_is_exported_and_verifies(busy):
    kept = busy.seal()
    add_rows(busy.database, 2)
    data, done = busy.export()
    found = verify_export(io.BytesIO(data), [busy.signer.verifier], [kept])
    assert found.whole
    assert (found.seals, found.entries, found.proved) == (3, done.end.entries, 3)
    assert (done.last.number, done.still_open, done.astray) == (3, 2, 0)
    assert done.last == kept == newest_seal(busy.database)
    assert data.count(b'\n{"entry":') == done.end.entries == kept.last


def test_an_empty_county_exports_no_seal(empty):
    data, done = empty.export()
    assert verify_export(io.BytesIO(data), [empty.signer.verifier]).whole
    assert (done.end.seals, done.last, newest_seal(empty.database)) == (0, None, None)


def test_what_is_written_meanwhile_is_not_in_it(empty):
    add_rows(empty.database, 5)
    empty.seal()

    class Slow(io.BytesIO):
        def write(self, data):
            if not self.tell():
                done = threading.Thread(target=lambda: (add_rows(empty.database, 5), empty.seal()))
                done.start()
                done.join()
            return super().write(data)

    out = Slow()
    done = export_stored(empty.database, out, NOON)
    assert (done.end.seals, done.end.entries, done.still_open) == (1, 5, 0)
    assert verify_export(io.BytesIO(out.getvalue()), [empty.signer.verifier]).whole
    assert empty.export()[1].end.entries == 10


def test_the_standing_counts_what_waits(busy):
    found = standing(busy.database)
    waiting = busy.sql("SELECT min(at) AS since, count(*) AS rows FROM audit WHERE seal IS NULL")[0]
    assert (found.seals, found.rows - found.sealed, found.erased) == (2, waiting.rows, 0)
    assert found.last.number == 2
    assert found.oldest_open is not None
    busy.seal()
    assert standing(busy.database).oldest_open is None


def test_a_database_without_a_county_says_so(empty):
    empty.sql("DELETE FROM county")
    for asked in (lambda: standing(empty.database), empty.check, empty.export):
        with pytest.raises(EnvironmentFault, match="no county is founded"):
            asked()
