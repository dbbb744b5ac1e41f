"""The same model in fewer bits.

To be read in this order: ``grids`` (a few levels, a scale, and how numbers are rounded to them), ``calibrated``
(rounding that knows what a matrix is given to read), ``rounded_models`` (this done to a model, and to its cache),
``packed`` (a model that computes with its codes).
"""

from llmbook.compression.calibrated import activation_aware as activation_aware
from llmbook.compression.calibrated import compensated as compensated
from llmbook.compression.calibrated import output_error as output_error
from llmbook.compression.grids import Quantised as Quantised
from llmbook.compression.grids import Scheme as Scheme
from llmbook.compression.grids import levels as levels
from llmbook.compression.grids import quantise as quantise
from llmbook.compression.grids import rounded as rounded
from llmbook.compression.packed import PackedLinear as PackedLinear
from llmbook.compression.packed import bytes_read as bytes_read
from llmbook.compression.packed import packed as packed
from llmbook.compression.rounded_models import RoundedCache as RoundedCache
from llmbook.compression.rounded_models import matrices as matrices
from llmbook.compression.rounded_models import read_inputs as read_inputs
from llmbook.compression.rounded_models import replaced as replaced
