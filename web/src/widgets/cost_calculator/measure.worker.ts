// The one who measures. The build makes this module one function that needs nothing around it: its text is a worker's
// whole script.

import { measure } from "../../core/measuring";
import type { Port } from "../../play/port";
import { answerTasks } from "../../play/slices";

export default function serve(port: Port): void {
  answerTasks(port, { tasks: { about: null, all: { measure: () => measure() } } });
}
