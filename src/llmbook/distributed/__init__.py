"""One model, many processes.

To be read in this order: ``processes`` (starting them, and ending them whatever happens), ``collectives`` (what they
tell each other, and what that means on the way back), ``machines`` (``torchrun`` from a notebook), ``resumable`` (a
script for it, which goes on from what other ranks have stored).
"""

from llmbook.distributed.collectives import copied as copied
from llmbook.distributed.collectives import pass_on as pass_on
from llmbook.distributed.collectives import ring_all_reduce as ring_all_reduce
from llmbook.distributed.collectives import ring_attention as ring_attention
from llmbook.distributed.collectives import summed as summed
from llmbook.distributed.collectives import there_and_back as there_and_back
from llmbook.distributed.collectives import vocabulary_parallel_loss as vocabulary_parallel_loss
from llmbook.distributed.machines import torchrun as torchrun
from llmbook.distributed.processes import RankFailed as RankFailed
from llmbook.distributed.processes import Ranks as Ranks
from llmbook.distributed.processes import on_ranks as on_ranks
