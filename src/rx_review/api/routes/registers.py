"""Registers: members, staff, standing decisions, patients. Documents with a version: ETag out, If-Match back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool

from rx_review.api.access import ActorDep, ServiceDep
from rx_review.api.problem import documented
from rx_review.api.reading import FILE_BODY, body_of, bounded_body, takes
from rx_review.api.register_shapes import EntriesShape, EntryShape
from rx_review.desk import registers
from rx_review.domain.county import Member, Registration, StaffEntry, StandingDecision
from rx_review.domain.problems import Refusal

router = APIRouter(prefix="/v1", tags=["registers 登记"])
JSON = "application/json"
KEY = r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$"
Key = Annotated[str, Path(pattern=KEY)]
Identifier = Annotated[
    str, Path(alias="id", pattern=r"^[0-9a-f]{32}$", description="id of a prescription of the patient")
]
IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match", pattern=r'^("[0-9]{1,9}"|[0-9]{1,9})$', description="the ETag that was read; absent = new"
    ),
]
After = Annotated[str | None, Query(pattern=KEY, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=500)]
_READS = ("unauthenticated", "forbidden", "not-found")
_WRITES = (*_READS, "contradiction", "too-large", "unsupported-media-type", "unknown-member", "unknown-rule",
           "version-needed", "version-changed")  # fmt: skip


def _version(given: str | None) -> int | None:
    return None if given is None else int(given.strip('"'))


def _told(body: dict[str, Any], status: int = 200) -> Response:
    return Response(to_json(body), status_code=status, media_type=JSON, headers={"ETag": f'"{body["version"]}"'})


def _put(outcome: tuple[dict[str, Any], bool]) -> Response:
    body, new = outcome
    return _told(body, 201 if new else 200)


_CREATED: dict[int | str, dict[str, Any]] = {201: {"description": "a new entry", "model": EntryShape}}


@router.get(
    "/members", summary="Members 成员机构", response_model=EntriesShape, responses=documented("unauthenticated")
)
def list_members(service: ServiceDep, actor: ActorDep, after: After = None, limit: Limit = 100) -> Response:
    """Members that take part in central review."""
    return Response(
        to_json(registers.entries(service.centre, actor, "member", after=after, limit=limit)), media_type=JSON
    )


@router.get("/members/{key}", summary="A member 成员机构", response_model=EntryShape, responses=documented(*_READS))
def get_member(service: ServiceDep, actor: ActorDep, key: Key) -> Response:
    """Its duty telephone, its mandate, and what it only observes."""
    return _told(registers.entry(service.centre, actor, "member", key))


@router.put(
    "/members/{key}", summary="Enrol or change a member 登记成员机构", response_model=EntryShape,
    responses={**_CREATED, **documented(*_WRITES)}, openapi_extra=takes(Member),
)  # fmt: skip
def put_member(
    service: ServiceDep,
    actor: ActorDep,
    key: Key,
    document: Annotated[Member, Depends(body_of(Member))],
    match: IfMatch = None,
) -> Response:
    """Enrol a member of the institutions list, or change what is kept of it."""
    return _put(registers.put(service.centre, actor, "member", key, document, _version(match), service.instant()))


@router.get(
    "/staff", summary="Staff 人员", response_model=EntriesShape, responses=documented("unauthenticated", "forbidden")
)
def list_staff(service: ServiceDep, actor: ActorDep, after: After = None, limit: Limit = 100) -> Response:
    """People of the staff register, of the members that you may see."""
    actor.must_be("administrator", "pharmacist", "lead", "chief", "auditor", "prescriber")
    return Response(
        to_json(registers.entries(service.centre, actor, "staff", after=after, limit=limit)), media_type=JSON
    )


@router.get("/staff/{key}", summary="A person 人员", response_model=EntryShape, responses=documented(*_READS))
def get_person(service: ServiceDep, actor: ActorDep, key: Key) -> Response:
    """Licence, title, dated rights, postings; what a pharmacist may do."""
    actor.must_be("administrator", "pharmacist", "lead", "chief", "auditor", "prescriber")
    return _told(registers.entry(service.centre, actor, "staff", key))


@router.put(
    "/staff/{key}", summary="Register a person 登记人员", response_model=EntryShape,
    responses={**_CREATED, **documented(*_WRITES)}, openapi_extra=takes(StaffEntry),
)  # fmt: skip
def put_person(
    service: ServiceDep, actor: ActorDep, key: Key, document: Annotated[StaffEntry, Depends(body_of(StaffEntry))],
    match: IfMatch = None,
) -> Response:  # fmt: skip
    """What a prescription claims about its prescriber is only compared with this."""
    return _put(registers.put(service.centre, actor, "staff", key, document, _version(match), service.instant()))


@router.get(
    "/standing-decisions", summary="Decisions of the P&T committee 药事会常设决议", response_model=EntriesShape,
    responses=documented("unauthenticated", "forbidden"),
)  # fmt: skip
def list_standing_decisions(service: ServiceDep, actor: ActorDep, after: After = None, limit: Limit = 100) -> Response:
    """Under which a machine may pass what they cover."""
    body = registers.entries(service.centre, actor, "standing_decision", after=after, limit=limit)
    return Response(to_json(body), media_type=JSON)


@router.put(
    "/standing-decisions/{key}", summary="Record a decision 登记决议", response_model=EntryShape,
    responses={**_CREATED, **documented(*_WRITES)}, openapi_extra=takes(StandingDecision),
)  # fmt: skip
def put_standing_decision(
    service: ServiceDep, actor: ActorDep, key: Key,
    document: Annotated[StandingDecision, Depends(body_of(StandingDecision))], match: IfMatch = None,
) -> Response:  # fmt: skip
    """Minutes, period, and which verdicts a machine may let through."""
    now, version = service.instant(), _version(match)
    return _put(registers.put(service.centre, actor, "standing_decision", key, document, version, now))


@router.get(
    "/prescriptions/{id}/registration", summary="What the register says of the patient 患者登记",
    response_model=EntryShape, responses=documented(*_READS),
)  # fmt: skip
def get_registration(service: ServiceDep, actor: ActorDep, identifier: Identifier) -> Response:
    """Pain programme, long-term prescriptions, chronic entitlements of the patient of a prescription."""
    actor.must_be("administrator", "pharmacist", "lead", "chief", "auditor", "prescriber")
    return _told(registers.patient_registration(service.centre, actor, identifier))


@router.put(
    "/prescriptions/{id}/registration", summary="Register the patient 登记患者", response_model=EntryShape,
    responses={**_CREATED, **documented(*_WRITES)}, openapi_extra=takes(Registration),
)  # fmt: skip
def put_registration(
    service: ServiceDep, actor: ActorDep, identifier: Identifier,
    document: Annotated[Registration, Depends(body_of(Registration))], match: IfMatch = None,
) -> Response:  # fmt: skip
    """The patient is named by a prescription: nobody outside needs the random id."""
    return _put(
        registers.register_patient(service.centre, actor, identifier, document, _version(match), service.instant())
    )


@router.post(
    "/registers/import", summary="Import registers from csv or xlsx 导入登记", response_model=dict[str, Any],
    responses=documented(
        "unauthenticated", "forbidden", "too-large", "contradiction", "unknown-member", "unknown-rule"
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)  # fmt: skip
async def import_registers(
    request: Request,
    service: ServiceDep,
    actor: ActorDep,
    name: Annotated[
        str,
        Query(
            pattern=r"^[^/\\\u0000-\u001f\u007f-\u009f]{1,100}\.(csv|xlsx)$",
            description="name of the file, .csv or .xlsx",
        ),
    ],
    dry_run: Annotated[bool, Query(description="only say what would change")] = True,
) -> Response:
    """All of a file or nothing; a dry run, which is the default, says what would change."""
    actor.must_be("administrator")
    data = await bounded_body(request, FILE_BODY)
    if not data:
        raise Refusal("bad-request", "the file is empty", "文件为空")
    from rx_review.desk.importing import import_file

    report = await run_in_threadpool(import_file, service.centre, actor, name, data, service.instant(), dry_run)
    return Response(to_json(report), media_type=JSON)
