"""``check("4.1-causal", answer)`` says whether it is right, and if not, what went wrong (see ``llmbook_exercises``)."""

from llmbook_exercises import check as check
