"""Missing: what to say where hypothesis is not installed.

In:    nothing.
Out:   ``MissingHypothesisError``, an ImportError that names the way out.
Never: an import of hypothesis.
Why:   the strategies are the only rooms that cannot even be imported without it.
"""

from fieldconf.errors import FieldconfError


class MissingHypothesisError(FieldconfError, ImportError):
    """The strategies need hypothesis, and it is not installed.

    >>> print(MissingHypothesisError())
    fieldconf.strategies needs hypothesis. Install it: pip install "fieldconf[testing]"
    """

    def __init__(self) -> None:
        super().__init__(
            "fieldconf.strategies needs hypothesis",
            remedy='Install it: pip install "fieldconf[testing]"',
        )
