"""The checker of types and shapes that the tests run the library under."""

from beartype import BeartypeConf, beartype

# As type checkers read it (PEP 484): where a float is asked for, an int will do.
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
