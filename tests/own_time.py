"""How long something takes, whatever else the process does and however much it holds."""

import gc
import time


class OwnTime:
    """`with OwnTime() as took: ...`, then `took.s`: of the own thread, the collector at rest."""

    s = 0.0

    def __enter__(self) -> "OwnTime":
        gc.disable()
        self._began_s = time.thread_time()
        return self

    def __exit__(self, *failure: object) -> None:
        self.s = time.thread_time() - self._began_s
        gc.enable()
