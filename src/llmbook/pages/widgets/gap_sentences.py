"""Sentences of speeches that no model of the book was trained on, to try the gap filler with: short, every word known.

The first is the one it opens with. Chosen by hand for words that can be told from their neighbours, and for some that
cannot; a test looks each of them up among the speeches of the part ``test``.
"""

SENTENCES = (
    "That has been the traditional policy of the United States.",
    "I urge upon the Congress early consideration of them.",
    "The Congress has already made provision for highway programs.",
    "The nation has just completed the most prosperous year in its history.",
    "We should not rest satisfied with what has been done, however.",
    "In a few months the same situation will exist in the Pacific.",
    "A recently signed treaty to this end is now before the Senate.",
    "We are happily at peace with all the world.",
    "The effort cannot succeed without full cooperation of the United States.",
    "But no government can place peace in the hearts of foreign rulers.",
    "It has successfully adjusted itself to changing conditions in the past.",
    "To an active external commerce the protection of a naval force is indispensable.",
    "That law should be amended and strengthened.",
    "The peace we seek is not peace for twenty years.",
    "Together we made a commitment to balance the budget.",
    "Further legislation is not recommended until the necessities of change are more apparent.",
    "These five measures together form a just and equitable whole.",
    "We can, however, enhance its operating efficiency through improved organization.",
)
