"""Whole models, assembled from the parts in ``nn``, each with the table of names that others give its weights.

To be read in this order: ``encoder_decoder`` (the Transformer of 2017), ``causal_lm`` (a decoder without an encoder:
the language model, with each part chosen by name), ``foreign_weights`` (weights taken whole or not at all), then the
models that others have trained: ``gpt``, ``llama``, ``bert``.
"""

from llmbook.models.bert import Bert as Bert
from llmbook.models.bert import BertForPreTraining as BertForPreTraining
from llmbook.models.causal_lm import CausalLM as CausalLM
from llmbook.models.causal_lm import CausalLMConfig as CausalLMConfig
from llmbook.models.encoder_decoder import Decoder as Decoder
from llmbook.models.encoder_decoder import DecoderLayer as DecoderLayer
from llmbook.models.encoder_decoder import Encoder as Encoder
from llmbook.models.encoder_decoder import EncoderLayer as EncoderLayer
from llmbook.models.encoder_decoder import Transformer as Transformer
from llmbook.models.gpt import GPT as GPT
from llmbook.models.llama import Llama as Llama
