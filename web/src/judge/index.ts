// The script that a page loads when a reader first turns to a field.

import { exercisesOf } from "./exercise";
import { judge } from "./judging";

globalThis.llmbookJudge = { exercisesOf, judge };
