"""What only the book's pages need: figures, widgets, numbers in prose, tables of facts. Part of the wheel's extra.

To be read in this order: ``facts`` (what the pages cite), ``scaling_laws`` (fits of page 8.1), ``prose`` (numbers in
text), ``typed_cells`` (what a reader has typed), ``peak_memory`` (bytes alive), ``agreement`` (two layers compared),
``looks``, ``svg``, ``figures``, ``plots``, ``timetable`` (pictures), ``engine`` (a stored model for the page),
``read_heads``, ``head_scores`` (heads, read and measured), ``widgets`` (what can be touched).
"""

from llmbook.pages.agreement import agree as agree
from llmbook.pages.agreement import for_torch as for_torch
from llmbook.pages.agreement import gradients as gradients
from llmbook.pages.facts import TABLES as TABLES
from llmbook.pages.facts import rows as rows
from llmbook.pages.figures import canvas as canvas
from llmbook.pages.figures import show as show
from llmbook.pages.looks import DASHES as DASHES
from llmbook.pages.looks import PALETTE as PALETTE
from llmbook.pages.looks import SERIES as SERIES
from llmbook.pages.looks import style as style
from llmbook.pages.peak_memory import PeakMemory as PeakMemory
from llmbook.pages.plots import alignment as alignment
from llmbook.pages.plots import bars as bars
from llmbook.pages.plots import dots as dots
from llmbook.pages.plots import heat_map as heat_map
from llmbook.pages.plots import lines as lines
from llmbook.pages.plots import loss_curve as loss_curve
from llmbook.pages.plots import seeds as seeds
from llmbook.pages.plots import timeline as timeline
from llmbook.pages.plots import tornado as tornado
from llmbook.pages.prose import duration as duration
from llmbook.pages.prose import glue as glue
from llmbook.pages.typed_cells import typed as typed
from llmbook.pages.widgets import AttentionLab as AttentionLab
from llmbook.pages.widgets import BackpropGraph as BackpropGraph
from llmbook.pages.widgets import CostCalculator as CostCalculator
from llmbook.pages.widgets import GapFiller as GapFiller
from llmbook.pages.widgets import HeadExplorer as HeadExplorer
from llmbook.pages.widgets import PipelineReplay as PipelineReplay
from llmbook.pages.widgets import PositionLab as PositionLab
from llmbook.pages.widgets import QuantLab as QuantLab
from llmbook.pages.widgets import TrainHere as TrainHere
from llmbook.pages.widgets import Translator as Translator
from llmbook.pages.widgets import WordArcs as WordArcs
from llmbook.pages.widgets import Writer as Writer
