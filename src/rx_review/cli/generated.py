"""`rx rules catalogue` and `rx formulary dictionary`: write generated documents, or check that they are current."""

from __future__ import annotations

from rich.text import Text

from rx_review import config
from rx_review.cli.console import edition, err, out
from rx_review.errors import EnvironmentFault, Fault, InputError
from rx_review.publish import Document, formulary_documents, rules_documents


def run_generated(what: str, verb: str) -> int:
    """Write or check the documents of `rules` or `formulary`; 1 if a check finds one out of date."""
    if verb not in ("write", "check"):
        raise InputError(Fault(verb, "no such verb", "use write or check", "没有这个动作；请用 write 或 check"))
    if what == "rules":
        documents = rules_documents(edition(), config.rules_dir())
        command = "./rx rules catalogue write"
    else:
        documents = formulary_documents(config.formulary_dir())
        command = "./rx formulary dictionary write"
    if verb == "write":
        for document in documents:
            _write(document)
        return 0
    stale = [document for document in documents if not document.is_current()]
    for document in stale:
        err().print(Text(f"{document.path.name}: out of date; run {command}", style="red"))
    return 1 if stale else 0


def _write(document: Document) -> None:
    try:
        document.write()
    except OSError as error:
        fault = Fault(str(document.path), error.strerror or "cannot be written", "check the rights")
        raise EnvironmentFault(fault) from None
    out().print(str(document.path))
