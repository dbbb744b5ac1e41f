"""From logits to text: one id chosen, a text written id by id, or the best of several texts searched for.

To be read in this order: ``sampling``, ``generation``, ``search``.
"""

from llmbook.inference.generation import generate as generate
from llmbook.inference.sampling import filter_logits as filter_logits
from llmbook.inference.sampling import penalise_repetition as penalise_repetition
from llmbook.inference.sampling import sample_next_token as sample_next_token
from llmbook.inference.search import beam_search as beam_search
