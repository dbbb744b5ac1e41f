"""Derivatives, computed as PyTorch computes them: forwards with dual numbers, backwards with a tape.

To be read in this order: ``operation`` (a rule for each input, the two ways to use it), ``rules`` (the operations of an
attention block), ``derivatives`` (Jacobians, Hessians times a vector, numerical slopes, wrong rules), ``counting`` (the
bytes that are held).
"""

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
from llmbook.autodiff.rules import add as add
from llmbook.autodiff.rules import cross_entropy as cross_entropy
from llmbook.autodiff.rules import exp as exp
from llmbook.autodiff.rules import keep as keep
from llmbook.autodiff.rules import layer_norm as layer_norm
from llmbook.autodiff.rules import log as log
from llmbook.autodiff.rules import matmul as matmul
from llmbook.autodiff.rules import mean as mean
from llmbook.autodiff.rules import multiply as multiply
from llmbook.autodiff.rules import normalise as normalise
from llmbook.autodiff.rules import power as power
from llmbook.autodiff.rules import put_rows as put_rows
from llmbook.autodiff.rules import relu as relu
from llmbook.autodiff.rules import reshape as reshape
from llmbook.autodiff.rules import rows as rows
from llmbook.autodiff.rules import softmax as softmax
from llmbook.autodiff.rules import spread_to as spread_to
from llmbook.autodiff.rules import sum_to as sum_to
from llmbook.autodiff.rules import swap as swap
from llmbook.autodiff.rules import tanh as tanh
