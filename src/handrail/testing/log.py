"""The log and the people it makes, in memory: the twin that the SQLite and PostgreSQL ones are tested beside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence

from handrail.core.errors import Unavailable
from handrail.core.events import Event
from handrail.core.fold import (
    FoldRules,
    State,
    company_id,
    count_back,
    fold,
    ids_of,
    merge,
    person,
    subjects_of,
    users_among,
)
from handrail.core.people import Company, Listed, Person, Subject
from handrail.ingest.dedupe import SeenIds, dedupe_id
from handrail.ingest.erasure import Cut, belongs
from handrail.ingest.ports import Appended, Progress, RebuildReport


class MemoryLog:
    """A log that lives as long as the object. `refuse` makes it say what a full or broken one says."""

    def __init__(self, rules: Mapping[str, FoldRules] | None = None) -> None:
        self._kept: list[Event | None] = []
        """Events by position; None where one was erased, so that the others keep theirs."""
        self.refuse = False
        self.state = State()
        self._rules = dict(rules or {})
        self._seen = SeenIds()

    @property
    def events(self) -> list[Event]:
        """Every event that is kept, in order."""
        return [event for event in self._kept if event is not None]

    async def append(self, events: Sequence[Event]) -> Appended:
        """Keep new events and fold them."""
        if self.refuse:
            raise Unavailable("The log was told to refuse.")
        stored = 0
        for event in events:
            identity = dedupe_id(event.environment, event.message_id)
            if identity not in self._seen:
                self._seen.add([identity])
                self._kept.append(event)
                fold(self.state, [event], self._rules_of)
                stored += 1
        return Appended(len(self._kept), stored, len(events) - stored)

    async def read(self, after: int, limit: int = 1000) -> AsyncIterator[tuple[int, Event]]:
        """At most `limit` events behind `after`, in order."""
        kept = [(position, event) for position, event in enumerate(self._kept, 1) if position > after]
        for position, event in [each for each in kept if each[1] is not None][:limit]:
            assert event is not None
            yield position, event

    async def end(self) -> int:
        """How many events there are."""
        return len(self.events)

    async def folded(self, position: int) -> None:
        """Return at once: what is kept is folded."""
        if position > len(self._kept):
            raise Unavailable(f"The log has no position {position} yet.")

    async def settled(self) -> None:
        """Return at once: what is kept is folded."""

    async def follow(self, environment: str, rules: FoldRules) -> None:
        """Fold by these rules from now on, new counters counted back."""
        before, wanted = self._rules_of(environment), rules.counter_ids()
        known = before.counter_ids() if before.zone == rules.zone else frozenset[str]()
        for (where, _), subject in self.state.subjects.items():
            if where == environment:
                for counter in before.counter_ids() - (known & wanted):
                    subject.counters.pop(counter, None)
        new = FoldRules(
            rules.zone,
            {
                name: [counter for counter in counters if counter[0] not in known]
                for name, counters in rules.counters.items()
            },
        )
        for event in self.events:
            if event.environment == environment:
                count_back(self.state, event, new)
        self._rules[environment] = rules

    async def counting(self, environment: str) -> Progress | None:
        """None: counting back is done at once."""
        return None

    def people(self, environment: str) -> MemoryPeople:
        """Folded state of one environment."""
        return MemoryPeople(self.state, environment)

    async def erase(self, environment: str, subjects: Collection[str], cut: Cut) -> int:
        """Delete what is known of `subjects`, and cut the events."""
        for subject in subjects:
            self.state.subjects.pop((environment, subject), None)
            self.state.aliases.pop((environment, subject[2:]), None)
        for key, link in [*self.state.links.items()]:
            if key[0] == environment and ("a:" + key[1] in subjects or "u:" + link.user_id in subjects):
                del self.state.links[key]
        left = [(event, None if event is None else cut(event)) for event in self._kept]
        self._kept = [each for _, each in left]
        return sum(event is not kept for event, kept in left)

    def roster(self) -> MemoryRoster:
        """People as members look for them."""
        return MemoryRoster(self)

    async def rebuild(self) -> RebuildReport:
        """Fold every event again and compare."""
        fresh = State()
        fold(fresh, self.events, self._rules_of)
        differences = [
            f"{table} {environment} {identity}"
            for table, mine, theirs in (
                ("aliases", self.state.aliases, fresh.aliases),
                ("companies", self.state.companies, fresh.companies),
                ("links", self.state.links, fresh.links),
                ("subjects", self.state.subjects, fresh.subjects),
            )
            for environment, identity in _differing(mine, theirs)
        ]
        rows = sum(
            map(len, (self.state.aliases, self.state.companies, self.state.links, self.state.subjects)),
        )
        return RebuildReport(events=len(self.events), rows=rows, differences=tuple(differences))

    def _rules_of(self, environment: str) -> FoldRules:
        return self._rules.get(environment, FoldRules())


class MemoryPeople:
    """Folded state of one environment."""

    def __init__(self, state: State, environment: str) -> None:
        self._state = state
        self._environment = environment

    async def user(self, anonymous_id: str | None, user_id: str | None) -> Subject:
        """Everything known of this person, merged."""
        keys = subjects_of(self._state, self._environment, anonymous_id, user_id)
        users = users_among(identity for _, identity in keys)
        return merge((self._state.subjects[key] for key in keys if key in self._state.subjects), users)

    async def users(self, persons: Sequence[str]) -> dict[str, Subject]:
        """`user` for many."""
        return {each: await self.user(*ids_of(each)) for each in persons}

    async def company(self, group_id: str) -> Company:
        """A company's attributes."""
        return self._state.companies.get((self._environment, group_id), Company())

    async def person(self, anonymous_id: str | None, user_id: str | None) -> Person:
        """A user and their company in one."""
        subject = await self.user(anonymous_id, user_id)
        group_id = company_id(subject)
        return person(subject, None if group_id is None else await self.company(group_id))


class MemoryRoster:
    """People of every environment."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._state = log.state

    async def events(self, environment: str, subjects: Collection[str], *, limit: int | None) -> list[Event]:
        """Events of these subjects, the latest first."""
        return [each for each in reversed(self._log.events) if belongs(each, environment, subjects)][:limit]

    async def page(self, environment: str, *, after: str, limit: int, search: str, anonymous: bool) -> list[Listed]:
        """People whose id, e-mail address or name holds `search`, in the order of their ids, from behind `after`."""
        state, found = self._state, list[Listed]()
        for (where, subject), known in sorted(state.subjects.items()):
            kind, identity = subject[:1], subject[2:]
            elsewhere = (
                state.aliases.get((where, identity), identity) != identity
                if kind == "u"
                else (where, identity) in state.links or not anonymous
            )
            told = [identity, *(str(known.native[name].value) for name in ("email", "name") if name in known.native)]
            fits = any(search.lower() in each.lower() for each in told)
            if where == environment and subject > after and not elsewhere and fits:
                found.append(Listed(subject, known))
        return found[:limit]

    async def ids(self, environment: str, *, after: str, limit: int) -> list[str]:
        """Every subject of which anything is known, in order, from behind `after`."""
        state = self._state
        known = {key[1] for key in state.subjects if key[0] == environment}
        for (where, anonymous), link in state.links.items():
            if where == environment:
                known |= {f"a:{anonymous}", f"u:{link.user_id}"}
        known |= {f"u:{user}" for where, user in state.aliases if where == environment}
        return sorted(each for each in known if each > after)[:limit]

    async def known(self, environment: str, subjects: Collection[str]) -> set[str]:
        """Those of these subjects that did something, and were not forgotten."""
        return {each for each in subjects if (environment, each) in self._state.subjects}

    async def subjects(self, environment: str, anonymous_id: str | None, user_id: str | None) -> list[str]:
        """Every subject (`u:`, `a:`) that is this person, known or not."""
        return [key[1] for key in subjects_of(self._state, environment, anonymous_id, user_id)]


def _differing(
    mine: Mapping[tuple[str, str], object], theirs: Mapping[tuple[str, str], object]
) -> Iterable[tuple[str, str]]:
    return sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key))
