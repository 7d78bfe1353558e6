"""A county whose people may publish: accounts with keys, statements, a second edition."""

from datetime import date, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.editions.conftest import AT, RULE_FILE

from rx_review.editions.signing import sign_edition
from rx_review.library.edition import digest_of
from rx_review.store import accounts, county

ROLES = {"王药师": "lead", "李药师": "chief,pharmacist", "张药师": "pharmacist"}


def found_county(database, keys):
    """A county in which 王药师 and 李药师 may sign, 张药师 may not, and the stranger has no account."""
    with database.write() as connection:
        county.found(connection, "示范县", date(2026, 11, 1))
        for number, (person, roles) in enumerate(ROLES.items()):
            pem = keys[person].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
            values = {
                "name": f"p{number}", "person": person, "password": "-", "roles": roles, "members": "",
                "public_key": pem, "created_at": AT,
            }  # fmt: skip
            accounts.add_owner(connection, "account", values)


def digest(bundle: Path) -> str:
    return digest_of(bundle / "rules", bundle / "formulary")


def signed(keys, digest, *people, at=AT, says="publish"):
    """A statement of each."""
    return [sign_edition(digest, person, at, keys[person], says) for person in people or ("王药师", "李药师")]


def reword(bundle: Path, title="another title"):
    """Make it another edition, as sound as before."""
    path = bundle / RULE_FILE
    text = path.read_text(encoding="utf-8")
    assert "why:" in text
    path.write_text(text.replace("why:", f"# {title}\nwhy:"), encoding="utf-8")
    return bundle


LATER = AT + timedelta(hours=1)
