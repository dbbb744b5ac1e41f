"""What a reader can touch: widgets that live in Jupyter, in Colab and, without a kernel, on the book's pages."""

from llmbook.pages.widgets.attention_lab import AttentionLab as AttentionLab
from llmbook.pages.widgets.backprop_graph import BackpropGraph as BackpropGraph
from llmbook.pages.widgets.cost_calculator import CostCalculator as CostCalculator
from llmbook.pages.widgets.gap_filler import GapFiller as GapFiller
from llmbook.pages.widgets.head_explorer import HeadExplorer as HeadExplorer
from llmbook.pages.widgets.pipeline_replay import PipelineReplay as PipelineReplay
from llmbook.pages.widgets.position_lab import PositionLab as PositionLab
from llmbook.pages.widgets.quant_lab import QuantLab as QuantLab
from llmbook.pages.widgets.train_here import TrainHere as TrainHere
from llmbook.pages.widgets.translator import Translator as Translator
from llmbook.pages.widgets.word_arcs import WordArcs as WordArcs
from llmbook.pages.widgets.writer import Writer as Writer
