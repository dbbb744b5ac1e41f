// The script that a page loads when a reader first turns to a field.

import { exerciseOf } from "./exercise";
import { judge } from "./judging";

globalThis.llmbookJudge = { exerciseOf, judge };
