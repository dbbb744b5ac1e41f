"""From logits to text: one id chosen, a text written, searched for, held in a grammar, or carried out as calls.

To be read in this order: ``sampling``, ``generation``, ``search``, ``constrained``, ``acting``.
"""

from llmbook.inference.acting import act_together as act_together
from llmbook.inference.acting import calculator as calculator
from llmbook.inference.acting import carry_out as carry_out
from llmbook.inference.acting import days_between as days_between
from llmbook.inference.acting import search_in as search_in
from llmbook.inference.constrained import Grammar as Grammar
from llmbook.inference.constrained import call_moves as call_moves
from llmbook.inference.constrained import write_together as write_together
from llmbook.inference.generation import generate as generate
from llmbook.inference.sampling import filter_logits as filter_logits
from llmbook.inference.sampling import penalise_repetition as penalise_repetition
from llmbook.inference.sampling import sample_next_token as sample_next_token
from llmbook.inference.search import beam_search as beam_search
