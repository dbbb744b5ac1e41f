"""Write down what the laws of page 8.1 say of the ninth model, before it is trained; refuse once it is.

The fits see the stored eight sizes and nothing else, and their digest is written beside the prediction.
"""

import json
import sys

from llmbook.pages.scaling_laws import HOFFMANN, KAPLAN, interval, resampled
from llmbook.pretrained.recipe import STORED, write_json
from llmbook.pretrained.scaling import BATCH, NINTH, READINGS, T, count, digest, make, points


def main() -> None:
    if (STORED / "scaling-ninth.json").exists():
        sys.exit("the ninth is trained: what is said of it now is no prediction")
    known = points(json.loads((STORED / "scaling.json").read_text(encoding="utf-8")))
    n, counts = count(make(NINTH, 0))[0], resampled(known)
    said = {
        law.name: {str(end): interval(law, known, n, end * BATCH * T, counts) for end in READINGS[1:]}
        for law in (HOFFMANN, KAPLAN)
    }
    content = {"sha256 of scaling.json": digest("scaling"), "parameters": n, "95 % low, middle, high": said}
    write_json(STORED / "scaling-registered.json", content)
    print(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
