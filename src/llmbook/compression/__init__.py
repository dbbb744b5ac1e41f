"""The same model in fewer bits, with fewer weights, and a smaller one that learns from it.

To be read in this order: ``grids`` (a few levels, a scale, and how numbers are rounded to them), ``calibrated``
(rounding that knows what a matrix is given to read), ``rounded_models`` (this done to a model, and to its cache),
``packed`` (a model that computes with its codes), ``pruning`` (weights, heads, neurons and layers removed),
``distillation`` (what a teacher's answer teaches).
"""

from llmbook.compression.calibrated import activation_aware as activation_aware
from llmbook.compression.calibrated import compensated as compensated
from llmbook.compression.calibrated import output_error as output_error
from llmbook.compression.distillation import hidden_loss as hidden_loss
from llmbook.compression.distillation import soft_loss as soft_loss
from llmbook.compression.distillation import with_states as with_states
from llmbook.compression.grids import Quantised as Quantised
from llmbook.compression.grids import Scheme as Scheme
from llmbook.compression.grids import levels as levels
from llmbook.compression.grids import quantise as quantise
from llmbook.compression.grids import rounded as rounded
from llmbook.compression.packed import PackedLinear as PackedLinear
from llmbook.compression.packed import bytes_read as bytes_read
from llmbook.compression.packed import packed as packed
from llmbook.compression.pruning import group_sizes as group_sizes
from llmbook.compression.pruning import hold as hold
from llmbook.compression.pruning import kept as kept
from llmbook.compression.pruning import pruned as pruned
from llmbook.compression.pruning import refitted as refitted
from llmbook.compression.pruning import smaller as smaller
from llmbook.compression.rounded_models import RoundedCache as RoundedCache
from llmbook.compression.rounded_models import matrices as matrices
from llmbook.compression.rounded_models import read_inputs as read_inputs
from llmbook.compression.rounded_models import replaced as replaced
