"""The audit chain: digests of entries, sealed and signed in batches, exported, and verified without the database."""

from rx_review.audit.chain import Entry, Seal, entry_digest, seal
from rx_review.audit.checkpoint import read_checkpoint, write_checkpoint
from rx_review.audit.export import Header, write_export
from rx_review.audit.keys import read_private_key, read_public_key, write_private_key, write_public_key
from rx_review.audit.signing import Signer, Verifier, new_signer
from rx_review.audit.verify import Verified, verify_export

__all__ = [
    "Entry",
    "Header",
    "Seal",
    "Signer",
    "Verified",
    "Verifier",
    "entry_digest",
    "new_signer",
    "read_checkpoint",
    "read_private_key",
    "read_public_key",
    "seal",
    "verify_export",
    "write_checkpoint",
    "write_export",
    "write_private_key",
    "write_public_key",
]
