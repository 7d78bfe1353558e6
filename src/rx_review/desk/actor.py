"""Who acts: a system of a member, a person who logged in, or a timer. Every object is checked by member."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rx_review.domain.moves import Role
from rx_review.domain.problems import Refusal


@dataclass(frozen=True, slots=True)
class Actor:
    """An account or client with its rights; `members` None = every member, `person` is a code of the staff register."""

    kind: Literal["client", "person", "system"]
    name: str
    roles: frozenset[Role]
    members: frozenset[str] | None = None
    person: str | None = None

    @property
    def label(self) -> str:
        """As the audit names it."""
        return f"{self.kind}:{self.name}"

    def sees(self, institution: str) -> bool:
        """Whether it may see what belongs to a member."""
        return self.members is None or institution in self.members

    def listed(self) -> tuple[str, ...]:
        """Members as queries take them: empty = all."""
        return () if self.members is None else tuple(sorted(self.members))

    def must_be(self, *roles: Role) -> None:
        """Go on only with one of these roles.

        Raises:
            Refusal: `forbidden`.
        """
        if not self.roles.intersection(roles):
            wanted = ", ".join(roles)
            raise Refusal("forbidden", f"this needs one of the roles: {wanted}", f"需要角色：{wanted}")

    def must_see(self, institution: str) -> None:
        """Go on only for a member it may see; what it may not see is not there.

        Raises:
            Refusal: `not-found`.
        """
        if not self.sees(institution):
            raise Refusal("not-found")

    def acting(self, by: str | None) -> str:
        """The person who acts: the one who logged in, or the one that a member's system names.

        Raises:
            Refusal: `bad-request` if a system names nobody, `forbidden` if a person names another.
        """
        if self.kind == "client":
            if by is None:
                raise Refusal("bad-request", "by: the staff code of who acts is missing", "缺少 by：办理人编号")
            return by
        if self.person is None:
            return self.name
        if by is not None and by != self.person:
            raise Refusal("forbidden", "by names another person than who logged in", "by 与登录人不一致")
        return self.person


def roles_of(names: Iterable[str]) -> frozenset[Role]:
    """Roles as accounts keep them."""
    return frozenset(name for name in names if name)  # type: ignore[misc]


SYSTEM = Actor("system", "timer", frozenset({"system"}))
