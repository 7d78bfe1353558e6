"""Documents generated from the rules, the vocabulary and the row models, so that nothing is said twice by hand."""

from __future__ import annotations

from rx_review.publish.documents import Document, formulary_documents, rules_documents
from rx_review.publish.trace import may_speak, trace_document, trace_faults

__all__ = ["Document", "formulary_documents", "may_speak", "rules_documents", "trace_document", "trace_faults"]
