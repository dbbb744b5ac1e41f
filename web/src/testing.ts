// What the browser tests call: the core itself, under one name. Not part of what readers load.

import * as core from "./core";
import attentionLab from "./attention_lab";

Object.assign(globalThis, { llmbookCore: core, llmbookAttentionLab: attentionLab });
