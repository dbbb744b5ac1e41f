"""Trained models: those of others, fetched as packages and read from their files into ours, and our own stored ones.

To be read in this order: ``hub`` (fetched once, checked), ``tokenizer``, a model that writes, ``smollm2``, and one that
reads, ``minilm``. Then our own: ``recipe`` (how one is trained, and its card), ``readers`` (games without labels),
``few_labels`` (what they are worth) and ``three_objectives`` (for equal work), ``look_up`` and ``induction`` (games for
one layer and for two), ``families`` and ``parts_removed`` (the Transformer halved, and taken apart), ``lengths`` (short
training, long texts), ``masked_words`` (BERT's game with other rules), ``speech_gpt``, ``speech_bert`` and
``date_translator`` (one of each family), ``sentence_pairs`` (what the next sentence teaches), ``ngrams`` and
``next_word`` (counted, written, measured), ``fewer_bits`` (SmolLM2, rounded), ``worth`` (what a smaller model is
worth), ``fewer_weights`` (our GPT pruned, and its students), ``long_texts`` (cheaper attention), ``pipeline_traces``
(ranks that wait for each other), ``small_states`` (trained by an Adam in eight bits), ``one_model`` (SmolLM2 at four
tasks), ``search_then_answer`` (passages found, and read), ``vector_index`` (neighbours, in a graph), ``tool_tasks``
(SmolLM2 with tools), ``contamination`` (a test that was trained on), ``how_good`` (SmolLM2 before a test, and as a
judge), ``scaling`` (nine sizes), ``own_models`` (opened by name).
"""

from llmbook.pretrained.date_translator import translate as translate
from llmbook.pretrained.hub import HubError as HubError
from llmbook.pretrained.minilm import embed as embed
from llmbook.pretrained.minilm import load_minilm as load_minilm
from llmbook.pretrained.own_models import load_stored as load_stored
from llmbook.pretrained.own_models import read_stored as read_stored
from llmbook.pretrained.own_models import stored_tokenizer as stored_tokenizer
from llmbook.pretrained.smollm2 import chat as chat
from llmbook.pretrained.smollm2 import load_smollm2 as load_smollm2
from llmbook.pretrained.tokenizer import PretrainedTokenizer as PretrainedTokenizer
