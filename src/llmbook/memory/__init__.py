"""Less memory for training, and what is paid for it.

To be read in this order: ``live_bytes`` (what is in memory, counted), ``measured`` (a
computation's work and memory), ``checkpointing`` (forgotten and computed again),
``chains`` (what to keep of a chain, so that least is computed again), ``reversible`` (computed back from the outputs),
``loss_scale`` (gradients of 16 bits), ``small_adam`` (an optimiser with states of 8 bits).
"""

from llmbook.memory.chains import Chain as Chain
from llmbook.memory.chains import best_plan as best_plan
from llmbook.memory.chains import follow as follow
from llmbook.memory.checkpointing import checkpoint as checkpoint
from llmbook.memory.checkpointing import in_segments as in_segments
from llmbook.memory.live_bytes import LiveBytes as LiveBytes
from llmbook.memory.loss_scale import LossScale as LossScale
from llmbook.memory.measured import operations as operations
from llmbook.memory.measured import peak_bytes as peak_bytes
from llmbook.memory.measured import relative_error as relative_error
from llmbook.memory.reversible import Reversible as Reversible
from llmbook.memory.small_adam import SmallAdam as SmallAdam
from llmbook.memory.small_adam import from_codes as from_codes
from llmbook.memory.small_adam import to_codes as to_codes
