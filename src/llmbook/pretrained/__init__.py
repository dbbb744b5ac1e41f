"""Models that others have trained, fetched as packages, and read from their files into ours.

To be read in this order: ``hub`` (fetched once, checked), ``tokenizer``, then a model that writes, ``smollm2``, and one
that reads, ``minilm``.
"""

from llmbook.pretrained.hub import HubError as HubError
from llmbook.pretrained.minilm import embed as embed
from llmbook.pretrained.minilm import load_minilm as load_minilm
from llmbook.pretrained.smollm2 import chat as chat
from llmbook.pretrained.smollm2 import load_smollm2 as load_smollm2
from llmbook.pretrained.tokenizer import PretrainedTokenizer as PretrainedTokenizer
