"""The composition root: builds every service once, in the order of what needs what, and takes
them down in reverse. Decides nothing else."""

from app.wiring.base import Foundation as Foundation
from app.wiring.base import foundation as foundation
from app.wiring.senses import MANIFEST as MANIFEST
from app.wiring.senses import RECIPES as RECIPES
from app.wiring.senses import inference as inference
from app.wiring.whole import DEFAULT_ORGANIZATION as DEFAULT_ORGANIZATION
from app.wiring.whole import running as running
