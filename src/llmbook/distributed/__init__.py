"""One model, many processes.

To be read in this order: ``processes`` (starting them, and ending them whatever happens), ``collectives`` (what they
tell each other, and what that means on the way back), ``machines`` (``torchrun`` from a notebook), ``resumable`` (a
script for it, which goes on from what other ranks have stored), ``schedules`` (who does what of a pipeline, as plain
data), ``pipeline`` (a model cut in stages, and ranks that carry a schedule out), ``planning`` (which mix fits, and what
it costs).
"""

from llmbook.distributed.collectives import copied as copied
from llmbook.distributed.collectives import pass_on as pass_on
from llmbook.distributed.collectives import ring_all_reduce as ring_all_reduce
from llmbook.distributed.collectives import ring_attention as ring_attention
from llmbook.distributed.collectives import summed as summed
from llmbook.distributed.collectives import there_and_back as there_and_back
from llmbook.distributed.collectives import vocabulary_parallel_loss as vocabulary_parallel_loss
from llmbook.distributed.machines import torchrun as torchrun
from llmbook.distributed.pipeline import Stage as Stage
from llmbook.distributed.pipeline import run_pipeline as run_pipeline
from llmbook.distributed.planning import Cluster as Cluster
from llmbook.distributed.planning import Mix as Mix
from llmbook.distributed.planning import ModelSize as ModelSize
from llmbook.distributed.planning import Training as Training
from llmbook.distributed.planning import cost as cost
from llmbook.distributed.planning import plans as plans
from llmbook.distributed.processes import RankFailed as RankFailed
from llmbook.distributed.processes import Ranks as Ranks
from llmbook.distributed.processes import on_ranks as on_ranks
from llmbook.distributed.schedules import Action as Action
from llmbook.distributed.schedules import bubble as bubble
from llmbook.distributed.schedules import count_stages as count_stages
from llmbook.distributed.schedules import gpipe as gpipe
from llmbook.distributed.schedules import interleaved as interleaved
from llmbook.distributed.schedules import most_held as most_held
from llmbook.distributed.schedules import one_f_one_b as one_f_one_b
from llmbook.distributed.schedules import replay as replay
from llmbook.distributed.schedules import without_messages as without_messages
