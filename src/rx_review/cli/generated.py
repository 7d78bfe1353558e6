"""`rx rules catalogue | trace` and `rx formulary dictionary`: write generated documents, or check them."""

from __future__ import annotations

from rich.text import Text

from rx_review import config
from rx_review.cli.console import edition, err, out, say_faults
from rx_review.errors import EnvironmentFault, Fault, InputError, LibraryError
from rx_review.library.tables import read_tables
from rx_review.publish import Document, formulary_documents, rules_documents, trace_document, trace_faults


def run_generated(what: str, verb: str) -> int:
    """Write or check the documents of `rules`, `trace` or `formulary`; 1 if a check finds one out of date.

    A trace with an article or a demand that nobody answers is not complete: 2, whether it is written or checked.
    """
    if verb not in ("write", "check"):
        raise InputError(Fault(verb, "no such verb", "use write or check", "没有这个动作；请用 write 或 check"))
    if what == "rules":
        documents = rules_documents(edition(), config.rules_dir())
        command = "./rx rules catalogue write"
    elif what == "trace":
        tables = read_tables(config.formulary_dir())
        articles, demands = tables["articles"], tables["demands"]
        documents = (trace_document(edition(), articles, demands, config.rules_dir()),)
        command = "./rx rules trace write"
        if faults := trace_faults(edition(), articles, demands):
            say_faults(LibraryError(*faults))
            return LibraryError.exit_code
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
