"""Derivatives, computed as PyTorch computes them: forwards with dual numbers, backwards with a tape.

To be read in this order: ``operation`` (a rule for each input, the two ways to use it), ``rules`` (the operations of an
attention block), ``derivatives`` (Jacobians, Hessians times a vector, numerical slopes, wrong rules), ``counting`` (the
bytes that are held), ``recomputing`` (what is held and computed again, with checkpoints).
"""

from llmbook.autodiff import rules as rules
from llmbook.autodiff.counting import Held as Held
from llmbook.autodiff.derivatives import central as central
from llmbook.autodiff.derivatives import hvp as hvp
from llmbook.autodiff.derivatives import jacobian as jacobian
from llmbook.autodiff.derivatives import jvp as jvp
from llmbook.autodiff.derivatives import vjp as vjp
from llmbook.autodiff.derivatives import wrong_rules as wrong_rules
from llmbook.autodiff.operation import OPERATIONS as OPERATIONS
from llmbook.autodiff.operation import Dual as Dual
from llmbook.autodiff.operation import Node as Node
from llmbook.autodiff.operation import Operation as Operation
from llmbook.autodiff.operation import Tape as Tape
from llmbook.autodiff.recomputing import peak as peak
from llmbook.autodiff.recomputing import recomputed as recomputed
from llmbook.autodiff.recomputing import steps as steps
