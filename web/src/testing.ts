// What the browser tests call: the mathematics and the laboratories, each under one name. Readers do not load this.

import * as attention from "./core/attention";
import * as backprop from "./core/backprop";
import * as calibration from "./core/calibration";
import * as costs from "./core/costs";
import * as drawn from "./core/drawn";
import * as float16 from "./core/float16";
import * as headScores from "./core/head_scores";
import * as legible from "./core/legible";
import * as mask from "./core/mask";
import * as matrix from "./core/matrix";
import * as measuring from "./core/measuring";
import * as engine from "./core/models";
import * as pipelineRuns from "./core/pipeline_runs";
import * as pipelines from "./core/pipelines";
import * as positions from "./core/positions";
import * as python from "./core/python";
import * as softmax from "./core/softmax";
import * as training from "./core/training";
import * as words from "./core/words";
import { exerciseOf } from "./judge/exercise";
import { judge } from "./judge/judging";
import * as pythonText from "./judge/python_text";
import { Engine as AnyEngine } from "./play/engine";
import { fill } from "./play/filling";
import { linkOf, valuesOfLink } from "./play/link";
import { loadParts } from "./play/parts";
import { Reader } from "./play/reader";
import serve from "./play/serve.worker";
import { Measure } from "./play/surprises";
import { search } from "./play/translating";
import { write } from "./play/writing";
import attentionLab from "./widgets/attention_lab";
import * as attend from "./widgets/attention_lab/attend";
import { inputs } from "./widgets/attention_lab/inputs";
import { asCode } from "./widgets/attention_lab/python_code";
import backpropGraph from "./widgets/backprop_graph";
import { read as readGraph } from "./widgets/backprop_graph/lab";
import costCalculator from "./widgets/cost_calculator";
import * as costRanges from "./widgets/cost_calculator/ranges";
import { rowsOf as costRows } from "./widgets/cost_calculator/results";
import gapFiller from "./widgets/gap_filler";
import { moved } from "./widgets/gap_filler/editing";
import { hideOne } from "./widgets/gap_filler/question";
import headExplorer from "./widgets/head_explorer";
import { Explorer } from "./widgets/head_explorer/explorer";
import * as headSet from "./widgets/head_explorer/head_set";
import pipelineReplay from "./widgets/pipeline_replay";
import { read as readPipeline } from "./widgets/pipeline_replay/replaying";
import positionLab from "./widgets/position_lab";
import { read } from "./widgets/position_lab/lab";
import quantLab from "./widgets/quant_lab";
import { read as readGrids } from "./widgets/quant_lab/lab";
import { Rounding } from "./widgets/quant_lab/rounding";
import trainHere from "./widgets/train_here";
import translator from "./widgets/translator";
import * as dates from "./widgets/translator/dates";
import writer from "./widgets/writer";

const core = {
  ...attention,
  ...calibration,
  ...drawn,
  ...float16,
  ...legible,
  ...mask,
  ...matrix,
  ...positions,
  ...python,
  ...softmax,
  ...words,
};
const Engine = { start: (signal: AbortSignal) => AnyEngine.start(signal, serve) };
const lab = { ...attend, inputs, asCode };

/** What the page says to each text typed in answer to one exercise. */
const verdicts = (data: string, name: string, texts: string[]) => {
  const exercise = exerciseOf(data, name);
  return exercise ? texts.map((text) => judge(exercise, text)) : [];
};

Object.assign(globalThis, {
  llmbookTyped: { verdicts, ...pythonText },
  llmbookCore: { ...core, ...lab },
  llmbookAttentionLab: attentionLab,
  llmbookEngine: engine,
  llmbookPlay: { Engine, linkOf, loadParts, Measure, Reader, search, valuesOfLink, write, writer, translator, dates },
  llmbookGaps: { fill, fromLink: gapFiller.fromLink, hideOne, moved, render: gapFiller.render },
  llmbookHeads: { ...headScores, ...headSet, Explorer, headExplorer },
  llmbookTraining: training,
  llmbookTrainHere: trainHere,
  llmbookPlaces: { read },
  llmbookPositionLab: positionLab,
  llmbookGrids: { read: readGrids, Rounding },
  llmbookQuantLab: quantLab,
  llmbookPipelines: { read: readPipeline, ...pipelines, ...pipelineRuns },
  llmbookPipelineReplay: pipelineReplay,
  llmbookBackprop: { ...backprop, read: readGraph },
  llmbookBackpropGraph: backpropGraph,
  llmbookCosts: { ...costs, ...costRanges, ...measuring, rowsOf: costRows },
  llmbookCostCalculator: costCalculator,
});
