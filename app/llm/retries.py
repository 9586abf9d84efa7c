"""Which faults may be gone the next time, and how long to wait for it. Pure but for chance."""

import math
import random
from collections.abc import Callable

from app.core.errors import AppError, UpstreamTimeout
from app.llm.conversation import ModelFailed, ModelOverloaded

WAITS_S = (0.25, 1.0)
"""Before a second and a third try, at most."""

LONGEST_WAIT_S = 3.0
"""That a provider may ask for; where it asks for more, another one is asked instead."""


def is_passing(fault: AppError) -> bool:
    """What says that the provider is not well, rather than that the request is not."""
    return isinstance(fault, ModelFailed | ModelOverloaded | UpstreamTimeout)


def wait_before_again_s(
    fault: AppError, tried: int, chance: Callable[[], float] = random.random
) -> float | None:
    """None where trying again is in vain. Who waited in vain once does not wait a second time."""
    if tried > len(WAITS_S) or not is_passing(fault) or isinstance(fault, UpstreamTimeout):
        return None
    asked_s = retry_after_s(fault)
    if asked_s > LONGEST_WAIT_S:
        return None
    return max(asked_s, WAITS_S[tried - 1] * (1 + chance()) / 2)


def retry_after_s(fault: AppError) -> float:
    """0 where the fault does not say."""
    asked = fault.details.get("retry_after_s", 0)
    return float(asked) if isinstance(asked, int | float) and math.isfinite(asked) else 0.0
