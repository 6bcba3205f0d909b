"""Piano transcription: what a key sounds like is learned once for all keys, and what keys do together once a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sori.errors import ParameterError, check_between, check_choice, check_count
from sori.models.backend import keras as load_keras
from sori.models.size import scaled
from sori.music import KEYS

if TYPE_CHECKING:
    import keras

BINS_PER_KEY = 3
SPECTRUM_BINS = KEYS * BINS_PER_KEY
# How many bins beside its own a key looks at, on either side.
_BESIDE = 3
# Octave below (where a key's overtones must not be taken for it), itself, and its overtones.
_HARMONICS = {0.5: -36, 1: 0, 2: 36, 3: 57, 4: 72, 5: 84, 6: 93, 7: 101, 8: 108, 10: 120}
_DILATIONS = (1, 2, 4, 8)
OUTPUTS = ("onset", "sounding", "offset", "velocity")
# What a network is asked for: the notes, or the spectrum as it would be if nothing but the piano were heard.
TARGETS = ("notes", "spectrum")
# Logit to begin with: hardly any frame of any key is an onset, and to believe that from the start saves learning it.
_RARE = -3.0


def piano(
    input_shape: tuple[int | None, int, int],
    *,
    target: str = "notes",
    channels: int = 32,
    context: int = 320,
    width: float = 1.0,
    dropout: float = 0.1,
) -> keras.Model:
    """Harmonics of each key side by side, convolutions that all keys share, and a bottleneck in which the keys meet.

    The bins at a key's own pitch and at its overtones become channels, so that a small convolution sees a whole note;
    it is the same for every key, as a note moved up the keyboard is the same picture moved up. Which keys sound at once
    is then told through a dense layer per frame and convolutions over time, whose answer every key gets back.

    Sources: harmonics as channels, Bittner et al., Deep Salience (2017); shared keys, Wei et al., HPPNet (2022); onset,
    sounding, offset and velocity, Kong et al., High-resolution Piano Transcription (2021).

    Parameters
    ----------
    input_shape
        ``(frames, bins, windows)`` as :class:`sori.features.LogFrequency` makes them, three bins a key; ``frames`` may
        be None.
    target
        ``notes``, or ``spectrum``: the picture of the piano alone.
    channels
        Of each key.
    context
        Units in which the keys of a frame meet.
    width
        Times both.
    dropout
        Part of the context that is silenced in training.

    Returns
    -------
    A model with outputs ``(frames, 88, 4)``, logits: onset, sounding, offset, velocity; or, of a spectrum, its bins
    from the lowest key to the highest, ``(frames, 264, windows)``.

    Raises
    ------
    ParameterError
        If the input does not reach from the lowest key to the highest, or the target is unknown.
    """
    check_count("channels", channels)
    check_count("context", context)
    check_between("dropout", dropout, 0, 0.95)
    frames, bins, windows = input_shape
    check_bins("piano", bins)
    keras = load_keras()
    layers = keras.layers
    c, units = scaled(channels, width), scaled(context, width)

    def over_time(x: Any, dilation: int) -> Any:
        """Take a residual step in each key by itself: what came before and what comes after."""
        return layers.Add()(
            [x, layers.Conv2D(c, (3, 1), dilation_rate=(dilation, 1), padding="same", activation="relu")(x)]
        )

    inputs = keras.Input((frames, bins, windows))
    x = layers.BatchNormalization(momentum=0.9, axis=-1, dtype="float32")(inputs)
    x = _harmonics(x, bins)
    x = layers.ZeroPadding2D(((1, 1), (0, 0)))(x)
    x = layers.Conv2D(c, (3, 2 * _BESIDE + 1), strides=(1, BINS_PER_KEY), use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2D(c, (3, 3), padding="same", activation="relu")(x)
    x = over_time(x, 1)
    met = layers.Conv2D(max(1, c // 4), 1, activation="relu")(x)
    met = layers.Reshape((-1, KEYS * max(1, c // 4)))(met)
    met = layers.Dense(units, use_bias=False)(met)
    met = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(met))
    for dilation in _DILATIONS:
        step = layers.Conv1D(units, 3, dilation_rate=dilation, padding="same", activation="relu")(met)
        met = layers.Add()([met, layers.Dropout(dropout)(step)])
    back = layers.Dense(KEYS * max(1, c // 2))(met)
    back = layers.Reshape((-1, KEYS, max(1, c // 2)))(back)
    x = layers.Concatenate()([x, back])
    x = layers.Conv2D(c, 1, use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    for dilation in _DILATIONS:
        x = over_time(x, dilation)
    return keras.Model(inputs, answers(x, inputs, target), name="piano")


def check_bins(model: str, bins: int) -> None:
    """Raise ParameterError unless bins reach from the lowest key to the highest."""
    if bins < SPECTRUM_BINS:
        raise ParameterError(f"model {model} needs {SPECTRUM_BINS} bins or more, three a key. Received {bins}.")


def answers(x: Any, inputs: Any, target: str) -> Any:
    """Turn what is known of each key, ``(frames, 88, channels)``, into the answers that ``target`` asks for.

    They are float32, whatever precision lies before. A spectrum is told as what must be added to the one that is heard.
    """
    keras = load_keras()
    layers = keras.layers
    check_choice("target", target, TARGETS)
    if target == "notes":
        return layers.Conv2D(len(OUTPUTS), 1, bias_initializer=keras.initializers.Constant(_RARE), dtype="float32")(x)
    bins, windows = inputs.shape[2:]
    change = layers.Conv2D(BINS_PER_KEY * windows, 1, kernel_initializer="zeros", dtype="float32")(x)
    change = layers.Reshape((-1, SPECTRUM_BINS, windows), dtype="float32")(change)
    heard = layers.Cropping2D(((0, 0), (0, bins - SPECTRUM_BINS)), dtype="float32")(inputs)
    return layers.Add(dtype="float32")([heard, change])


def _harmonics(x: Any, bins: int) -> Any:
    """Each harmonic's bins as channels, so that bin ``3 k`` onwards is what key ``k`` looks at in all of them."""
    layers = load_keras().layers
    # The key's own bin is the middle one of three: bin 1 for the lowest.
    first = 1 - _BESIDE
    wanted = BINS_PER_KEY * (KEYS - 1) + 2 * _BESIDE + 1
    below = -(first + min(_HARMONICS.values()))
    above = max(0, first + max(_HARMONICS.values()) + wanted - bins)
    x = layers.ZeroPadding2D(((0, 0), (below, above)))(x)
    shifted = []
    for shift in _HARMONICS.values():
        start = below + first + shift
        shifted.append(layers.Cropping2D(((0, 0), (start, below + bins + above - start - wanted)))(x))
    return layers.Concatenate()(shifted)
