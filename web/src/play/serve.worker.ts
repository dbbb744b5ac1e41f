// The one who computes with a stored model: opens it, and does one task after another. The build makes this module one
// function that needs nothing around it: its text is a worker's whole script.

import { openModel } from "../core/models/open";
import type { Port } from "./port";
import { answerTasks } from "./slices";
import { tasksOf } from "./tasks";
import { unpack } from "./unpack";

export default function serve(port: Port): void {
  answerTasks(port, { open: (bytes) => tasksOf(openModel(unpack(bytes))) });
}
