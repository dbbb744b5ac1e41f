"""The parts that models are built of: attention, and what stands around it in a layer.

To be read in this order: ``masks`` (who may look where), ``attention`` (one head, many heads), ``recording`` (weights
on request), ``rotary`` and ``alibi`` (positions inside attention), ``positions`` (any kind, by name), ``feed_forward``
and ``norms``, ``cache`` (past keys and values), ``grouped_attention`` (the layer of today's models).
For long texts: ``latent_attention`` and ``paged_cache`` (less to keep), ``sparse_attention`` and ``linear_attention``
(less to compute), ``tiled_attention`` (the same, with less memory).
"""

from llmbook.nn.alibi import alibi_bias as alibi_bias
from llmbook.nn.alibi import alibi_slopes as alibi_slopes
from llmbook.nn.attention import MultiHeadAttention as MultiHeadAttention
from llmbook.nn.attention import ScaledDotProductAttention as ScaledDotProductAttention
from llmbook.nn.attention import attention_weights as attention_weights
from llmbook.nn.cache import KVCache as KVCache
from llmbook.nn.feed_forward import PositionwiseFeedForward as PositionwiseFeedForward
from llmbook.nn.feed_forward import SwiGLU as SwiGLU
from llmbook.nn.grouped_attention import GroupedQueryAttention as GroupedQueryAttention
from llmbook.nn.latent_attention import LatentAttention as LatentAttention
from llmbook.nn.linear_attention import linear_attention as linear_attention
from llmbook.nn.masks import causal_mask as causal_mask
from llmbook.nn.masks import combine_masks as combine_masks
from llmbook.nn.masks import padding_mask as padding_mask
from llmbook.nn.masks import window_mask as window_mask
from llmbook.nn.norms import RMSNorm as RMSNorm
from llmbook.nn.paged_cache import PagedCache as PagedCache
from llmbook.nn.paged_cache import PagePool as PagePool
from llmbook.nn.positions import LearnedPositions as LearnedPositions
from llmbook.nn.positions import PositionalEncoding as PositionalEncoding
from llmbook.nn.positions import Positions as Positions
from llmbook.nn.positions import sinusoids as sinusoids
from llmbook.nn.recording import record_attention as record_attention
from llmbook.nn.rotary import apply_rotary as apply_rotary
from llmbook.nn.rotary import half_to_interleaved as half_to_interleaved
from llmbook.nn.rotary import ntk_base as ntk_base
from llmbook.nn.rotary import precompute_freqs_cis as precompute_freqs_cis
from llmbook.nn.sparse_attention import Pattern as Pattern
from llmbook.nn.sparse_attention import sparse_attention as sparse_attention
from llmbook.nn.tiled_attention import tiled_attention as tiled_attention
