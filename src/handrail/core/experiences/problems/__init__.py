"""Problems of experiences: what keeps a document from being published, and what its author should look at again.

`find_problems` lists them all, each with the path of the member it sits in. What decodes at all has the right shape;
what is checked here is meaning: references, reachability, the contract's tables and what this release can run.
"""

from handrail.core.experiences.problems.actions import MAX_SNOOZES
from handrail.core.experiences.problems.checklists import MAX_TASKS
from handrail.core.experiences.problems.find import find_problems
from handrail.core.experiences.problems.hints import MAX_MARKS
from handrail.core.experiences.problems.place import Surroundings
from handrail.core.experiences.problems.resource_centers import MAX_CARDS, MAX_FEED
from handrail.core.experiences.problems.surveys import MAX_OPTIONS
from handrail.core.experiences.problems.tours import MAX_STEPS

__all__ = [
    "MAX_CARDS",
    "MAX_FEED",
    "MAX_MARKS",
    "MAX_OPTIONS",
    "MAX_SNOOZES",
    "MAX_STEPS",
    "MAX_TASKS",
    "Surroundings",
    "find_problems",
]
