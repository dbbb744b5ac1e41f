"""What a model costs: to train it, to serve it, and whether a plan built on it pays.

To be read in this order: ``training`` (operations, device hours, energy, money), ``serving`` (the two bounds on a
token, its energy and its price, an own machine or somebody's), ``sensitivity`` (which assumption a result hangs on).
"""

from llmbook.economics.sensitivity import swings as swings
from llmbook.economics.sensitivity import turning_point as turning_point
from llmbook.economics.serving import OwnMachine as OwnMachine
from llmbook.economics.serving import decode_seconds as decode_seconds
from llmbook.economics.serving import dollars_per_million_tokens as dollars_per_million_tokens
from llmbook.economics.serving import fetched_parameters as fetched_parameters
from llmbook.economics.serving import joules_per_answer as joules_per_answer
from llmbook.economics.serving import prefill_seconds as prefill_seconds
from llmbook.economics.training import Device as Device
from llmbook.economics.training import attention_operations as attention_operations
from llmbook.economics.training import bill as bill
from llmbook.economics.training import training_operations as training_operations
from llmbook.economics.training import utilisation as utilisation
