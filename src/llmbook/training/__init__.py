"""Learning: what a model is trained to do, and the one loop that trains every model of this book.

To be read in this order: ``objectives`` (what is to be small), ``schedule`` (what happens in step t), ``checkpoint``
(stopping and going on), ``loop`` (``fit``). The program around them is ``python -m llmbook.train``.
"""

from llmbook.training.loop import fit as fit
from llmbook.training.objectives import IGNORE as IGNORE
from llmbook.training.objectives import contrastive_loss as contrastive_loss
from llmbook.training.objectives import join_pair as join_pair
from llmbook.training.objectives import mask_words as mask_words
from llmbook.training.objectives import shift as shift
from llmbook.training.objectives import word_loss as word_loss
from llmbook.training.schedule import TrainConfig as TrainConfig
from llmbook.training.schedule import learning_rate as learning_rate
