"""One model, many processes.

To be read in this order: ``processes`` (starting them, and ending them whatever happens).
"""

from llmbook.distributed.processes import RankFailed as RankFailed
from llmbook.distributed.processes import Ranks as Ranks
from llmbook.distributed.processes import on_ranks as on_ranks
