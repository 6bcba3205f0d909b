"""Registry of front ends: Sori's own, and those of installed packages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sori.errors import ParameterError
from sori.features.embedding import KIND as EMBEDDING
from sori.features.embedding import Embedding
from sori.features.front_end import KINDS, FrontEnd
from sori.features.log_frequency import KIND as LOG_FREQUENCY
from sori.features.log_frequency import LogFrequency
from sori.registry import Registry

# Classes by kind. Each has `from_dict`, and its objects have the members of :class:`FrontEnd`: `kind`, `sr`, `bins`,
# `shape(n_samples)`, `to_dict()` and a call that turns clips into `(n, frames, bins)`.
FEATURES: Registry[Any] = Registry(
    "feature", "sori.features", {**dict.fromkeys(KINDS, FrontEnd), LOG_FREQUENCY: LogFrequency, EMBEDDING: Embedding}
)


def front_end_from_dict(values: Mapping[str, Any]) -> Any:
    """Rebuild a front end of any kind from what its ``to_dict`` returned.

    Raises
    ------
    ParameterError
        If the kind or a setting is unknown.

    >>> front_end_from_dict({"kind": "mel", "sr": 16000}).bins
    128
    """
    if not isinstance(values, Mapping):
        raise ParameterError(f"a front end must be a table of settings. Received {values!r}.")
    if "kind" not in values:
        raise ParameterError(f"a front end needs 'kind'. Received {', '.join(map(str, values)) or 'nothing'}.")
    return FEATURES[str(values["kind"])].from_dict(values)


def differences(mine: Any, theirs: Any) -> list[str]:
    """List the settings in which two front ends differ, each as ``name: mine, not theirs``.

    >>> differences(FrontEnd(kind="mel", sr=16000), FrontEnd(kind="mel", sr=16000, n_mels=64))
    ['n_mels: 128, not 64']
    """
    one, other = mine.to_dict(), theirs.to_dict()
    return [
        f"{name}: {one.get(name)}, not {other.get(name)}"
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    ]
