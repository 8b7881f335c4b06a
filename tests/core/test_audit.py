"""The audit record: whoever tampers with it is seen."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from handrail.core.audit import START, AuditEntry, broken, seal_of


def a_record() -> list[AuditEntry]:
    made: list[AuditEntry] = []
    for number, what in enumerate(("run_js_agreement_signed", "code_proposed", "code_approved"), start=1):
        before = made[-1].seal if made else START
        seal = seal_of("p", number, 1000 + number, "ann@example.com", what, {"code": "x"}, before)
        made.append(AuditEntry(number, 1000 + number, "ann@example.com", what, {"code": "x"}, seal))
    return made


def changed(**more: object) -> Callable[[list[AuditEntry]], list[AuditEntry]]:
    return lambda record: [record[0], msgspec.structs.replace(record[1], **more), record[2]]


def test_an_untouched_record_is_whole() -> None:
    assert broken("p", a_record()) is None
    assert broken("p", []) is None


@pytest.mark.parametrize(
    ("tamper", "at"),
    [
        (changed(who="bob@example.com"), 2),
        (changed(at=1), 2),
        (changed(what="code_approved"), 2),
        (changed(detail={"code": "y"}), 2),
        (lambda record: [record[0], record[2]], 2),
        (lambda record: [record[1], record[0], record[2]], 1),
        (lambda record: record[1:], 1),
        (lambda record: [*record, record[2]], 4),
    ],
    ids=["who", "when", "what", "detail", "removed", "moved", "beheaded", "repeated"],
)
def test_tampering_breaks_the_chain_there(tamper: Callable[[list[AuditEntry]], list[AuditEntry]], at: int) -> None:
    assert broken("p", tamper(a_record())) == at


def test_a_record_of_another_project_is_no_record_of_this_one() -> None:
    assert broken("q", a_record()) == 1
