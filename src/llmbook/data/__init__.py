"""What is read: the book's texts, dates, strings and pictures, and how text becomes numbers.

To be read in this order: ``six_words`` and ``small_sentences`` (chapter 4's examples), ``tokenizers`` and
``byte_pairs`` (text to ids), ``parts`` (what is for training, what for testing), then the four sources: ``speech``
(and ``passages`` of it, with questions), ``date_pairs``, ``interface``, ``drawings``.
"""

from llmbook.data.byte_pairs import BPETokenizer as BPETokenizer
from llmbook.data.byte_pairs import learn_merges as learn_merges
from llmbook.data.date_pairs import FORMATS as FORMATS
from llmbook.data.date_pairs import DatePair as DatePair
from llmbook.data.date_pairs import date_pair as date_pair
from llmbook.data.date_pairs import dates as dates
from llmbook.data.drawings import COLOURS as COLOURS
from llmbook.data.drawings import HELD_OUT as HELD_OUT
from llmbook.data.drawings import SHAPES as SHAPES
from llmbook.data.drawings import draw_shape as draw_shape
from llmbook.data.drawings import shapes as shapes
from llmbook.data.interface import interface_strings as interface_strings
from llmbook.data.parts import PARTS as PARTS
from llmbook.data.parts import part_of as part_of
from llmbook.data.speech import ERAS as ERAS
from llmbook.data.speech import Speech as Speech
from llmbook.data.speech import era_paragraphs as era_paragraphs
from llmbook.data.speech import sentence_pairs as sentence_pairs
from llmbook.data.speech import sentences as sentences
from llmbook.data.speech import speeches as speeches
from llmbook.data.tokenizers import CharTokenizer as CharTokenizer
from llmbook.data.tokenizers import WordTokenizer as WordTokenizer
from llmbook.data.tokenizers import pad as pad
