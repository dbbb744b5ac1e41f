// The run as a Python program that trains the same model with the library.

import { pythonLiteral } from "../../core/python";
import { tailOf } from "../../core/training/text";
import { BATCH } from "./state";
import type { Trainer } from "./trainer";

const OWN = `"\\n\\n".join("\\n".join(speech.paragraphs) for speech in speeches(1790, 1791))`;

/** The text with the rare characters read as they are here. */
function textAsCode({ state, known, text }: Trainer): string {
  if (state.text === null) return OWN;
  if (typeof known === "string" || known.prepared.merged === 0) return pythonLiteral(text);
  const { letters, train, heldOut } = known.prepared;
  return pythonLiteral([...train, ...heldOut].map((id) => letters[id]).join(""));
}

export function asCode(trainer: Trainer): string {
  const { state, known } = trainer;
  const { lr, d_model, n_heads, n_layers, length: T, steps, seed } = state;
  if (typeof known === "string") return `# ${known}`;
  const tail = tailOf(known.prepared.train.length + known.prepared.heldOut.length, T);
  return `import torch

from llmbook.data import CharTokenizer${state.text === null ? ", speeches" : ""}
from llmbook.models import GPT
from llmbook.training import TrainConfig, fit, shift, word_loss

text = ${textAsCode(trainer)}
tokenizer = CharTokenizer.train(text)
ids = torch.tensor(tokenizer.encode(text))
examples = ids[:-${tail}].unfold(0, ${T} + 1, 1)  # one begins at each character
held_out = ids[-${tail}:].unfold(0, ${T} + 1, ${T})  # one behind the other

model = GPT(len(tokenizer), d_model=${d_model}, n_heads=${n_heads}, n_layers=${n_layers}, max_len=${T})
torch.manual_seed(${seed})
for weight in model.parameters():
    if weight.ndim == 2:
        torch.nn.init.uniform_(weight, -1 / 32, 1 / 32)
model.double()


def loss_of(windows):
    inputs, targets = shift(windows)
    return word_loss(model(inputs), targets)


config = TrainConfig(steps=${steps}, batch=${BATCH}, lr=${lr}, seed=${seed})
losses = fit(model, lambda rows: loss_of(examples[rows]), len(examples), config)
print(f"{losses[-1]:.3f} learned from, {loss_of(held_out).item():.3f} held out")`;
}
