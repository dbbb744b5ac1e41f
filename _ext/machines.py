"""The two machines of chapter 5, drawn: the encoder–decoder of 2017, and the decoder-only model of today.

Both are drawn from the bottom up, as they compute. A shape printed on an arrow says which tensor of the library's
model it is; ``tests/unit/pages/test_machines.py`` runs the models and asks a hook what is seen there. Post-norm, as in
2017, on the left, pre-norm on the right.
"""

from drawing import CELL, WIDTH, Drawing, Link

FRAME = 10  # from the last box of a layer to the frame around it
ATTENTION, WIDE, FLAT = 65, 44, 25  # heights of boxes
HALF, NARROW = 69, 52  # half the width of a box in a column of 2017, of today
NEAR, FAR = 14, 40  # from one box to the next: within a sub-layer, and to another


class Column:
    """One column of boxes around x, growing upwards from y; the way around a sub-layer is at ``bypass``."""

    def __init__(self, drawing: Drawing, x: float, y: float, bypass: float) -> None:
        self.drawing = drawing
        self.x = x
        self.y = y
        self.bypass = bypass
        self.start = y  # of the way around the next sub-layer

    def up(self, by: float, letters: str = "", of: str = "", *, at: float | None = None, head: bool = True) -> None:
        """An arrow upwards, with the shape of what it carries on its right, at its middle or ``at`` from its start."""
        if letters:
            self.drawing.shape(self.x + 7, self.y - (by / 2 if at is None else at), letters, of, "start")
        self.drawing.line([(self.x, self.y), (self.x, self.y - by)], head=head)
        self.y -= by

    def box(self, height: float, name: str, builds: str, looks: str, *, at: float = 0.5, half: float = HALF) -> float:
        """A box on top of the column; returns where its top is."""
        self.y -= height
        self.drawing.box(self.x - half, self.y, 2 * half, height, name, builds, looks, at=at)
        return self.y

    def masked(self, y: float, name: str, rows: int, columns: int, of: str = "") -> None:
        """A mask by its name, with its picture before it."""
        left, top = self.x - 32 - CELL * columns, y - CELL / 2 * rows
        self.drawing.mask(left, top, rows, columns, causal=name.startswith("causal"))
        self.drawing.named(self.x - 26, y, name, name.replace(" ", "_"), "start leads", of)

    def attention(self, name: str, weights: str, of: str, mask: tuple[str, int, int]) -> None:
        """A sub-layer of attention: the shape of its weights, and its mask."""
        top = self.box(ATTENTION, name, "MultiHeadAttention", "attention", at=0.2)
        self.drawing.shape(self.x, top + 31, weights, f"weights of {of}", before="weights ")
        self.masked(top + 49, *mask, f"mask of {of}")
        self.add_and_norm()

    def feed_forward(self, letters: str, of: str) -> None:
        """A sub-layer that bends: how wide it is inside."""
        top = self.box(WIDE, "feed-forward", "PositionwiseFeedForward", "bends", at=0.29)
        self.drawing.shape(self.x, top + 31, letters, f"output of {of}.w_1", before="inside ")
        self.add_and_norm()

    def add_and_norm(self) -> None:
        """The end of a sub-layer of 2017, where the way around it meets it again."""
        self.up(NEAR)
        side = self.x + (HALF if self.bypass > self.x else -HALF)
        end = self.y - FLAT / 2
        self.drawing.line([(self.x, self.start), (self.bypass, self.start), (self.bypass, end), (side, end)], "past")
        self.box(FLAT, "add & norm", "AddAndNorm", "norm")

    def into_frame(self, letters: str, of: str) -> float:
        """On to the first sub-layer; returns where the bottom of the frame is."""
        bottom = self.y - 23
        self.start = self.y - 31
        self.up(FAR, letters, of, at=13)
        return bottom

    def next(self, letters: str, of: str) -> None:
        """On to the next sub-layer."""
        self.start = self.y - 29
        self.up(FAR, letters, of, at=15)

    def frame(self, bottom: float, left: float, right: float) -> None:
        """A frame around the layer that has been drawn, behind it all."""
        top = self.y - FRAME
        self.drawing.parts.insert(0, self.drawing.rect(left, top, right - left, bottom - top, "frame", 9))

    def stack(self, name: str, builds: str) -> None:
        """Above a frame: what the stack is called, and how many layers it has."""
        y = self.y - FRAME - 10
        self.drawing.named(self.x - 8, y, name, builds, "end leads")
        self.drawing.named(self.x + 8, y, "N layers", f"{builds}Layer", "start leads")


def transformer(link: Link) -> str:
    """The encoder–decoder: reads the source, writes the target, its cross-attention looks into the memory."""
    drawing = Drawing(link)
    encoder = way_in(drawing, 81, 8, "source", "9 March 2024", ("S", "src"))
    layer = "encoder.layers.0"
    bottom = encoder.into_frame("B S D", "input of encoder")
    encoder.attention("self-attention", "B H S S", f"{layer}.self_attention", ("padding mask", 5, 5))
    encoder.next("B S D", f"input of {layer}.feed_forward")
    encoder.feed_forward("B S F", f"{layer}.feed_forward")
    encoder.frame(bottom, 2, 156)
    encoder.stack("encoder", "Encoder")

    decoder = way_in(drawing, 259, 332, "target", "start 2024年3月9日", ("T", "tgt"))
    layer = "decoder.layers.0"
    bottom = decoder.into_frame("B T D", "input of decoder")
    decoder.attention("self-attention", "B H T T", f"{layer}.self_attention", ("causal mask", 4, 4))
    decoder.next("B T D", f"input of {layer}.cross_attention")
    cross = decoder.y - ATTENTION / 2
    decoder.attention("cross-attention", "B H T S", f"{layer}.cross_attention", ("padding mask", 4, 5))
    decoder.next("B T D", f"input of {layer}.feed_forward")
    decoder.feed_forward("B T F", f"{layer}.feed_forward")
    decoder.frame(bottom, 184, 338)
    decoder.stack("decoder", "Decoder")
    way_out(decoder, "2024年3月9日 end")

    top = encoder.y - 36
    drawing.line([(81, encoder.y), (81, top), (170, top), (170, cross), (190, cross)], "memory")
    drawing.words(82, top - 12, "memory", "name memory end")
    drawing.shape(90, top - 12, "B S D", "output of encoder", "start")
    inset(drawing, top - 38)
    drawing.named(2, decoder.y - 16, "The Transformer of 2017", "Transformer", "start title")
    return drawing.svg(-decoder.y + 28, "The Transformer of 2017: an encoder reads, a decoder writes.")


def way_in(drawing: Drawing, x: float, bypass: float, name: str, example: str, of: tuple[str, str]) -> Column:
    """From words to rows with a position."""
    letter, short = of
    drawing.words(x, -9, example, "example")
    drawing.words(x, -26, name, "name")
    column = Column(drawing, x, -37, bypass)
    column.up(22, f"B {letter}", f"input of {short}_embedding")
    column.box(FLAT, "embedding × √D", "Embedding", "lookup")
    column.up(28, f"B {letter} D", f"output of {short}_embedding")
    column.y -= 8
    drawing.plus(x, column.y)
    left = x > bypass  # where the bypass is; the position comes from the other side
    side = x + 16 if left else x - 74
    drawing.box(side, column.y - 12, 58, 24, "position", "PositionalEncoding", "lookup")
    drawing.line([(side + (0 if left else 58), column.y), (x + (8 if left else -8), column.y)])
    column.y -= 8
    return column


def way_out(column: Column, example: str) -> None:
    """From rows to the probability of each word of the vocabulary."""
    column.up(63, "B T D", "input of output", at=46)
    column.box(FLAT, "linear", "Transformer", "out")
    column.drawing.shape(column.x - 7, column.y - 17, "B T n_vocab", "output of output", "end")
    column.up(34)
    column.box(FLAT, "softmax", "cross_entropy", "out")
    column.up(12)
    column.drawing.words(column.x, column.y - 9, example, "example")
    column.y -= 18


def inset(drawing: Drawing, bottom: float) -> None:
    """What is inside each attention, in the general case of queries and keys from two texts."""
    of = "decoder.layers.0.cross_attention"
    left, right, middle, y = 40, 116, 84, bottom - 15
    drawing.shape(left, y, "B T D", f"input of {of}")
    drawing.shape(right, y, "B S D", f"input 1 of {of}")
    for name, x, start in (("w_q", left, left), ("w_k", right - 23, right - 12), ("w_v", right + 23, right + 12)):
        drawing.line([(start, y - 9), (x, y - 18)])
        drawing.box(x - 20, y - 40, 40, 22, name, "MultiHeadAttention", "attention")
        drawing.line([(x, y - 40), (x, y - 72)])
    drawing.shape(left, y - 54, "B H T d_k", f"input of {of}.attention", "on")
    drawing.shape(right, y - 54, "B H S d_k", f"input 1 of {of}.attention", "on")
    drawing.box(10, y - 97, 148, FLAT, "scaled dot-product", "ScaledDotProductAttention", "attention")
    column = Column(drawing, middle, y - 97, 0)
    column.up(22, "B H T d_k", f"output of {of}.attention")
    column.box(22, "w_o", "MultiHeadAttention", "attention", half=20)
    column.up(18, "B T D", f"output of {of}")
    drawing.words(middle, column.y - 10, "inside each attention", "aside")
    drawing.parts.insert(0, drawing.rect(2, column.y - 22, 164, bottom - column.y + 22, "inset", 9))


def language_model(link: Link) -> str:
    """The decoder-only model of today: no encoder, no memory, and a cache of keys and values instead."""
    drawing = Drawing(link)
    column = Column(drawing, 164, -37, 9)
    drawing.words(164, -9, "The cat sat", "example")
    drawing.words(164, -26, "text so far", "name")
    column.up(22, "B T", "input of embedding")
    column.box(FLAT, "embedding", "LanguageModel", "lookup", half=NARROW)
    drawing.words(224, column.y + FLAT / 2, "no positions", "aside start")
    bottom, column.start = column.y - 21, column.y - 30
    column.up(40, "B T D", "output of embedding", at=11)
    column.box(FLAT, "RMSNorm", "RMSNorm", "norm", half=NARROW)
    drawing.words(224, column.y + FLAT / 2, "not LayerNorm", "aside start")
    grouped(column)
    add(column)
    column.start = column.y - 24
    column.up(34, "B T D", "input of blocks.0.norm_2", at=10)
    column.box(FLAT, "RMSNorm", "RMSNorm", "norm", half=NARROW)
    column.up(10)
    top = column.box(WIDE, "SwiGLU", "SwiGLU", "bends", at=0.29, half=NARROW)
    drawing.shape(164, top + 31, "B T F", "input of blocks.0.feed_forward.w_2", before="inside ")
    drawing.words(224, top + WIDE / 2, "not ReLU", "aside start")
    column.up(10)
    add(column)
    column.frame(bottom, 2, 322)
    drawing.named(156, column.y - 19, "N blocks", "Block", "end leads")
    column.up(46, "B T D", "input of norm", at=33)
    column.box(FLAT, "RMSNorm", "RMSNorm", "norm", half=NARROW)
    column.up(10)
    column.box(FLAT, "linear", "LanguageModel", "out", half=NARROW)
    column.up(24, "B T n_vocab", "output of output")
    column.box(FLAT, "softmax", "by_lot", "out", half=NARROW)
    y = column.y + FLAT / 2
    drawing.line([(164 + NARROW, y), (333, y), (333, -26), (203, -26)], "loop")
    drawing.words(276, y - 9, "the next id", "example")
    drawing.named(2, column.y - 15, "A language model of today", "LanguageModel", "start title")
    return drawing.svg(-column.y + 27, "Today's language model: a decoder only, with a cache.")


def add(column: Column) -> None:
    """The end of a sub-layer of today: the sum with what went around it."""
    column.y -= 8
    x, y = column.x, column.y
    column.drawing.plus(x, y)
    column.drawing.line([(x, column.start), (column.bypass, column.start), (column.bypass, y), (x - 8, y)], "past")
    column.y -= 8


def grouped(column: Column) -> None:
    """Grouped attention, taken apart: queries and keys are turned, keys and values kept."""
    drawing, of = column.drawing, "blocks.0.attention"
    q, k, v, bottom = 50, 164, 278, column.y - 8
    column.up(16, head=False)
    y = column.y
    for name, x in (("w_q", q), ("w_k", k), ("w_v", v)):
        drawing.line([(k, y), (x, y), (x, y - 10)] if x != k else [(k, y), (k, y - 10)])
        drawing.box(x - 22, y - 32, 44, 22, name, "GroupedQueryAttention", "attention")
    y -= 32
    drawing.shape(q + 7, y - 11, "B H T d_k", f"split 0 of {of}", "start")
    drawing.shape((k + v) / 2, y - 11, "B H_kv T d_k", f"split 1 of {of}")
    for x in (q, k):
        drawing.line([(x, y), (x, y - 22)])
    drawing.line([(v, y), (v, y - 59)])
    drawing.box(28, y - 47, 158, FLAT, "rotary", "apply_rotary", "lookup")
    y -= 47
    drawing.line([(k, y), (k, y - 12)])
    drawing.box(142, y - 37, 158, FLAT, "cache", "Cache", "keeps")
    y -= 37
    for x in (k, v):
        drawing.line([(x, y), (x, y - 22)])
    drawing.line([(q, y + 37), (q, y - 22)])
    drawing.shape(q + 7, y - 11, "B H T d_k", f"attend 0 of {of}", "start")
    drawing.shape((k + v) / 2, y - 11, "B H_kv S d_k", f"attend 1 of {of}")
    column.y = y - 22
    top = column.box(WIDE, "grouped attention", "GroupedQueryAttention", "attention", at=0.28, half=136)
    column.masked(top + 31, "causal mask", 4, 6)
    column.up(22, "B H T d_k", f"attended of {of}")
    column.box(22, "w_o", "GroupedQueryAttention", "attention", half=22)
    drawing.parts.insert(0, drawing.rect(18, column.y - 8, 292, bottom - column.y + 8, "inset", 9))
    column.up(16)


__all__ = ["WIDTH", "language_model", "transformer"]
