"""Piano transcription: convolutions shared by all keys, and a dense layer per frame that combines the keys."""

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
# Semitones below and above its own pitch that a key takes as input: an octave below, to exclude overtones of that key,
# and up to its sixteenth partial, since only high partials resolve the lowest keys.
_PARTIALS = (12, 48)
# Frames over which rises are computed: a string struck again while it rings adds 3 dB, which is little compared with
# the range of 80 dB, but much compared with the decay that it interrupts.
_RISES = (1, 2)
_RELATED = 24  # semitones up and down over which keys are combined
_PICTURE = 16  # channels per semitone, computed from the levels and rises of its bins
_CONTEXT_DILATIONS, _KEY_DILATIONS = (1, 2, 4, 8), (1, 2, 4, 8, 16)
OUTPUTS = ("onset", "sounding", "offset", "velocity", "pedal")
PEDAL = "pedal"  # how the names of the layers begin that hear it
# Units of the convolutions over time that hear the pedal, from means and maxima over the keys.
_PEDAL_UNITS, _PEDAL_DILATIONS = 64, (1, 2, 4, 8, 16)
# What a network predicts: the notes, or the spectrogram of the piano alone.
TARGETS = ("notes", "spectrum")
# Initial bias of the logits: onsets are rare, and the network need not learn that first.
_RARE = -3.0


def piano(
    input_shape: tuple[int | None, int, int],
    *,
    target: str = "notes",
    channels: int = 32,
    context: int = 384,
    width: float = 1.0,
    dropout: float = 0.1,
) -> keras.Model:
    """Levels and their rises, harmonics of each key as channels, convolutions that all keys share, and a bottleneck.

    A small convolution computes features of the levels and their rises. The features at a key's own pitch and at its
    overtones become channels, so that the next convolution covers a whole note; its weights are the same for every
    key, as a note moved up the keyboard is the same pattern moved up. Two convolutions over keys combine those that
    share partials; a dense layer per frame, with convolutions over time, combines all keys and returns to each key.

    Sources: harmonics as channels, Bittner et al., Deep Salience (2017); shared keys, Wei et al., HPPNet (2022); onset,
    sounding, offset and velocity, Kong et al., High-resolution Piano Transcription (2021).

    Parameters
    ----------
    input_shape
        ``(frames, bins, windows)`` as :class:`sori.features.LogFrequency` makes them, three bins a key; ``frames`` may
        be None.
    target
        ``notes``, or ``spectrum``: the spectrogram of the piano alone.
    channels
        Channels of each key.
    context
        Units of the layer that combines the keys of a frame.
    width
        Scales both.
    dropout
        Fraction of the context that is dropped in training.

    Returns
    -------
    A model with outputs ``(frames, 88, 5)``, logits: onset, sounding, offset, velocity, and the sustain pedal, the same
    for all keys; or, for a spectrum, its bins from the lowest key to the highest, ``(frames, 264, windows)``.

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
        """Apply a residual convolution over time to each key separately."""
        step = layers.Conv2D(c, (3, 1), dilation_rate=(dilation, 1), padding="same", activation="relu")(x)
        return layers.Add()([x, step])

    inputs = keras.Input((frames, bins, windows))
    x = layers.Concatenate(dtype="float32")([inputs, *(_rise(inputs, back) for back in _RISES)])
    x = layers.BatchNormalization(momentum=0.98, dtype="float32")(x)
    x = _semitones(x, scaled(_PICTURE, width))
    below, above = _PARTIALS
    x = x[:, :, : KEYS + above]
    x = layers.ZeroPadding2D(((0, 0), (below, KEYS + above - x.shape[2])))(x)
    x = layers.Conv2D(c, (1, below + 1 + above), use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.98)(x))
    x = layers.Conv2D(c, (3, 3), padding="same", activation="relu")(x)
    x = over_time(x, 1)
    x = _related(x, c)
    met = layers.Conv2D(max(1, c // 4), 1, activation="relu")(x)
    met = layers.Reshape((-1, KEYS * max(1, c // 4)))(met)
    met = layers.Dense(units, use_bias=False)(met)
    met = layers.ReLU()(layers.BatchNormalization(momentum=0.98)(met))
    for dilation in _CONTEXT_DILATIONS:
        step = layers.Conv1D(units, 3, dilation_rate=dilation, padding="same", activation="relu")(met)
        met = layers.Add()([met, layers.Dropout(dropout)(step)])
    back = layers.Dense(KEYS * max(1, c // 2))(met)
    back = layers.Reshape((-1, KEYS, max(1, c // 2)))(back)
    x = layers.Concatenate()([x, back])
    x = layers.Conv2D(c, 1, use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.98)(x))
    for dilation in _KEY_DILATIONS[:2]:
        x = over_time(x, dilation)
    x = _related(x, c)
    for dilation in _KEY_DILATIONS[2:]:
        x = over_time(x, dilation)
    return keras.Model(inputs, answers(x, inputs, target), name="piano")


def _pedal(x: Any) -> Any:
    """Hear the sustain pedal in what the keys, ``(frames, 88, channels)``, do together: its logit, for every key."""
    keras = load_keras()
    layers = keras.layers
    together = [pool((1, KEYS))(x) for pool in (layers.AveragePooling2D, layers.MaxPooling2D)]
    x = layers.Reshape((-1, 2 * x.shape[-1]))(layers.Concatenate()(together))
    x = layers.Dense(_PEDAL_UNITS, activation="relu", name=f"{PEDAL}_in")(x)
    for i, dilation in enumerate(_PEDAL_DILATIONS):
        convolution = layers.Conv1D(
            _PEDAL_UNITS, 3, dilation_rate=dilation, padding="same", activation="relu", name=f"{PEDAL}_{i}"
        )
        x = layers.Add()([x, convolution(x)])
    x = layers.Dense(1, dtype="float32", name=f"{PEDAL}_out")(x)
    return keras.ops.tile(layers.Reshape((-1, 1, 1), dtype="float32")(x), [1, 1, KEYS, 1])


def _rise(x: Any, frames: int) -> Any:
    """Return the difference of each value from the one ``frames`` before; before the start, values are 0."""
    layers = load_keras().layers
    before = layers.ZeroPadding2D(((frames, 0), (0, 0)), dtype="float32")(x)
    before = layers.Cropping2D(((0, frames), (0, 0)), dtype="float32")(before)
    return layers.Subtract(dtype="float32")([x, before])


def _semitones(x: Any, channels: int) -> Any:
    """Combine the bins of a semitone and its neighbours, from the lowest key to the highest bin."""
    layers = load_keras().layers
    return layers.Conv2D(channels, (3, 2 * BINS_PER_KEY + 1), strides=(1, BINS_PER_KEY), activation="relu")(
        layers.ZeroPadding2D(((1, 1), (BINS_PER_KEY - 1, 2 * BINS_PER_KEY)))(x)
    )


def _related(x: Any, channels: int) -> Any:
    """Combine each key with those that it shares partials with: a residual convolution, the same for all keys."""
    layers = load_keras().layers
    reduced = layers.Conv2D(max(1, channels // 4), 1, activation="relu")(x)
    step = layers.Conv2D(channels, (1, 2 * _RELATED + 1), padding="same", activation="relu")(reduced)
    return layers.Add()([x, step])


def check_bins(model: str, bins: int) -> None:
    """Raise ParameterError unless bins reach from the lowest key to the highest."""
    if bins < SPECTRUM_BINS:
        raise ParameterError(f"model {model} needs {SPECTRUM_BINS} bins or more, three per key. Received {bins}.")


def answers(x: Any, inputs: Any, target: str) -> Any:
    """Turn the features of each key, ``(frames, 88, channels)``, into the outputs for ``target``.

    They are float32, whatever the precision of earlier layers. A spectrum is predicted as a change to the input.
    """
    keras = load_keras()
    layers = keras.layers
    check_choice("target", target, TARGETS)
    if target == "notes":
        rare = keras.initializers.Constant(_RARE)
        notes = layers.Conv2D(len(OUTPUTS) - 1, 1, bias_initializer=rare, dtype="float32")(x)
        return layers.Concatenate(dtype="float32")([notes, _pedal(x)])
    bins, windows = inputs.shape[2:]
    change = layers.Conv2D(BINS_PER_KEY * windows, 1, kernel_initializer="zeros", dtype="float32")(x)
    change = layers.Reshape((-1, SPECTRUM_BINS, windows), dtype="float32")(change)
    given = layers.Cropping2D(((0, 0), (0, bins - SPECTRUM_BINS)), dtype="float32")(inputs)
    return layers.Add(dtype="float32")([given, change])
