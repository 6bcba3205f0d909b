"""STFT, mel spectrogram and MFCC against every peer that is installed, and against the bare FFTs.

python benchmarks/features.py [--quick]

Peers: librosa comes with `pip install 'sori[dev]'`; the others are measured where they are installed:
`pip install torch essentia audioflux python_speech_features kaldi-native-fbank spafe mkl_fft`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # one thread; for two, each peer is set below

import numpy as np
import scipy.fft
import scipy.fftpack
import scipy.signal

from sori import features
from sori.features import transform

SR, N_FFT, HOP, N_MELS, N_MFCC = 22050, 2048, 512, 128, 13
KINDS = ("STFT", "mel", "MFCC")
Job = Callable[[np.ndarray], object]
warnings.simplefilter("ignore")


def sori(*, with_mkl: bool) -> dict[str, Job]:
    mel = {"sr": SR, "n_fft": N_FFT, "hop_length": HOP, "n_mels": N_MELS}
    library = transform.mkl_fft() if with_mkl else None

    def using(job: Job) -> Job:
        def wrapped(y: np.ndarray) -> object:
            transform.mkl_fft = lambda: library
            return job(y)

        return wrapped

    return {
        "STFT": using(lambda y: features.stft(y, sr=SR, n_fft=N_FFT, hop_length=HOP)),
        "mel": using(lambda y: features.mel_spectrogram(y, **mel)),
        "MFCC": using(lambda y: features.mfcc(y, n_mfcc=N_MFCC, **mel)),
    }


def librosa() -> dict[str, Job]:
    import librosa

    mel = {"sr": SR, "n_fft": N_FFT, "hop_length": HOP, "n_mels": N_MELS}
    return {
        "STFT": lambda y: librosa.stft(y, n_fft=N_FFT, hop_length=HOP),
        "mel": lambda y: librosa.feature.melspectrogram(y=y, **mel),
        "MFCC": lambda y: librosa.feature.mfcc(y=y, n_mfcc=N_MFCC, **mel),
    }


def scipy_signal() -> dict[str, Job]:
    transform = scipy.signal.ShortTimeFFT(np.hanning(N_FFT + 1)[:-1].astype(np.float32), HOP, SR)
    return {"STFT": transform.stft}


def torch() -> dict[str, Job]:
    """What torchaudio does, written out, since its builds need CUDA even with a torch without it."""
    import torch

    window = torch.hann_window(N_FFT)
    filters = torch.from_numpy(features.mel_filters(sr=SR, n_fft=N_FFT, n_mels=N_MELS).copy())
    basis = torch.from_numpy(scipy.fft.dct(np.eye(N_MELS), norm="ortho")[:, :N_MFCC].T.astype(np.float32))

    def stft(y: np.ndarray) -> torch.Tensor:
        given = {"window": window, "pad_mode": "constant", "return_complex": True}
        return torch.stft(torch.from_numpy(y), N_FFT, HOP, **given)

    def mel(y: np.ndarray) -> torch.Tensor:
        spectrum = stft(y)
        return filters @ (spectrum.real.square() + spectrum.imag.square())

    def mfcc(y: np.ndarray) -> torch.Tensor:
        level_db = 10 * torch.log10(mel(y).clamp(min=1e-10))
        return basis @ torch.maximum(level_db, level_db.amax(dim=(-2, -1), keepdim=True) - 80)

    return {"STFT": stft, "mel": mel, "MFCC": mfcc}


def essentia() -> dict[str, Job]:
    import essentia
    import essentia.standard as es

    essentia.log.infoActive = False
    frames = {"frameSize": N_FFT, "hopSize": HOP}
    window, fft, spectrum = es.Windowing(type="hann", size=N_FFT), es.FFT(size=N_FFT), es.Spectrum(size=N_FFT)
    bins = {"inputSize": N_FFT // 2 + 1, "sampleRate": SR, "numberBands": N_MELS, "highFrequencyBound": SR / 2}
    bands, mfcc = es.MelBands(**bins), es.MFCC(numberCoefficients=N_MFCC, **bins)
    return {
        "STFT": lambda y: np.array([fft(window(frame)) for frame in es.FrameGenerator(y, **frames)]),
        "mel": lambda y: np.array([bands(spectrum(window(frame))) for frame in es.FrameGenerator(y, **frames)]),
        "MFCC": lambda y: np.array([mfcc(spectrum(window(frame)))[1] for frame in es.FrameGenerator(y, **frames)]),
    }


def audioflux() -> dict[str, Job]:
    import audioflux as af

    size = {"radix2_exp": int(np.log2(N_FFT)), "slide_length": HOP}
    transform = af.STFT(**size)
    return {
        "STFT": lambda y: transform.stft(y),
        "mel": lambda y: af.mel_spectrogram(y, num=N_MELS, samplate=SR, **size),
        "MFCC": lambda y: af.mfcc(y, cc_num=N_MFCC, mel_num=N_MELS, samplate=SR, **size),
    }


def python_speech_features() -> dict[str, Job]:
    import python_speech_features as psf
    from python_speech_features import sigproc

    given = {"winlen": N_FFT / SR, "winstep": HOP / SR, "nfilt": N_MELS, "nfft": N_FFT, "winfunc": np.hanning}
    return {
        "STFT": lambda y: sigproc.magspec(sigproc.framesig(y, N_FFT, HOP, np.hanning), N_FFT),
        "mel": lambda y: psf.fbank(y, SR, **given),
        "MFCC": lambda y: psf.mfcc(y, SR, numcep=N_MFCC, **given),
    }


def kaldi_native_fbank() -> dict[str, Job]:
    import kaldi_native_fbank as knf

    def run(options: object, kind: type) -> Job:
        options.frame_opts.samp_freq = SR
        options.frame_opts.frame_length_ms, options.frame_opts.frame_shift_ms = 1000 * N_FFT / SR, 1000 * HOP / SR
        options.frame_opts.dither, options.mel_opts.num_bins = 0, N_MELS

        def job(y: np.ndarray) -> object:
            stream = kind(options)
            stream.accept_waveform(SR, y)
            stream.input_finished()
            return [stream.get_frame(i) for i in range(stream.num_frames_ready)]

        return job

    mfcc = knf.MfccOptions()
    mfcc.num_ceps = N_MFCC
    return {"mel": run(knf.FbankOptions(), knf.OnlineFbank), "MFCC": run(mfcc, knf.OnlineMfcc)}


def spafe() -> dict[str, Job]:
    from spafe.features.mfcc import mel_spectrogram, mfcc
    from spafe.utils.preprocessing import SlidingWindow

    given = {"fs": SR, "pre_emph": False, "window": SlidingWindow(N_FFT / SR, HOP / SR, "hanning")}
    given |= {"nfilts": N_MELS, "nfft": N_FFT}
    return {"mel": lambda y: mel_spectrogram(y, **given), "MFCC": lambda y: mfcc(y, num_ceps=N_MFCC, **given)}


PEERS = (librosa, scipy_signal, torch, essentia, audioflux, python_speech_features, kaldi_native_fbank, spafe)
BATCHED = (
    "sori",
    "sori[mkl]",
    "librosa",
    "scipy_signal",
    "torch",
)  # take (n, samples); the others get one clip after another


def bare_ffts() -> dict[str, Callable[[int], object]]:
    """Return functions that only transform a number of frames, 64 at a time."""
    block = np.random.default_rng(0).standard_normal((64, N_FFT)).astype(np.float32)
    buffer = block.copy()

    def scipy_in_place(frames: int) -> None:
        for _ in range(-(-frames // 64)):
            np.copyto(buffer, block)
            scipy.fftpack.rfft(buffer, axis=-1, overwrite_x=True)

    jobs = {"scipy": scipy_in_place}
    with contextlib.suppress(ImportError):
        import mkl_fft

        out = np.empty((64, N_FFT // 2 + 1), dtype=np.complex64)
        jobs["MKL"] = lambda frames: [mkl_fft.rfft(block, axis=-1, out=out) for _ in range(-(-frames // 64))]
    return jobs


def one_by_one(job: Job, clips: np.ndarray) -> None:
    for clip in clips:
        job(clip)


@contextlib.contextmanager
def threads(n: int) -> Iterator[None]:
    """Let every library that can use ``n`` threads."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(scipy.fft.set_workers(n))
        with contextlib.suppress(ImportError):
            import threadpoolctl

            stack.enter_context(threadpoolctl.threadpool_limits(n))
        with contextlib.suppress(ImportError):
            importlib.import_module("torch").set_num_threads(n)
        yield


def together(jobs: dict[str, Callable[[], object]], *, rounds: int, limit_s: float) -> dict[str, float]:
    """Best time of each job in seconds; they take turns, so that other load affects all. Slow jobs get fewer turns."""
    best = dict.fromkeys(jobs, float("inf"))
    spent = dict.fromkeys(jobs, 0.0)
    for _ in range(rounds):
        for name, job in jobs.items():
            if spent[name] > limit_s:
                continue
            start = time.perf_counter()
            job()
            took = time.perf_counter() - start
            best[name], spent[name] = min(best[name], took), spent[name] + took
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="Leave out ten minutes and the batch.")
    quick = parser.parse_args().quick
    rng = np.random.default_rng(0)
    peers = {"sori": sori(with_mkl=False)}
    if transform.mkl_fft():
        peers["sori[mkl]"] = sori(with_mkl=True)
    for make in PEERS:
        try:
            peers[make.__name__] = make()
        except ImportError as error:
            print(f"without {make.__name__}: {error}")
    clips = {"1 s": (SR, 1, 60), "30 s": (30 * SR, 1, 15)}
    if not quick:
        clips |= {"10 min": (600 * SR, 1, 3), "10,000 x 1 s": (SR, 10_000, 1)}
    names = list(peers)
    print(
        f"seconds of sound per second, in thousands; n_fft {N_FFT}, hop {HOP}, {N_MELS} mels, {N_MFCC} coefficients\n"
    )
    print("| threads | clip | features | " + " | ".join(names) + " | first | bare FFT |")
    print("|---|---|---|" + "---:|" * len(names) + "---|---|")
    for n in (1, 2):
        for length, (samples, count, rounds) in clips.items():
            y = (0.1 * rng.standard_normal((count, samples), dtype=np.float32)).squeeze()
            frames = count * (1 + samples // HOP)
            with threads(1):
                bare = together({k: partial(job, frames) for k, job in bare_ffts().items()}, rounds=5, limit_s=20)
            for kind in KINDS:
                jobs, seconds_of_sound = {}, {}
                for name in names:
                    job = peers[name].get(kind)
                    if not job:
                        continue
                    jobs[name], seconds_of_sound[name] = partial(job, y), count * samples / SR
                    # A batch of 10,000 STFTs takes 3.6 GB, so all get it clip by clip. So do peers without batches, and
                    # only a tenth of it, since they take a minute.
                    if y.ndim == 2 and (name not in BATCHED or kind == "STFT" or name == "scipy_signal"):
                        some = y if name in BATCHED else y[: count // 10]
                        jobs[name], seconds_of_sound[name] = partial(one_by_one, job, some), len(some) * samples / SR
                with threads(n):
                    best = together(jobs, rounds=rounds, limit_s=20)
                speed = {name: seconds_of_sound[name] / seconds / 1e3 for name, seconds in best.items()}
                cells = [f"{speed[name]:.1f}" if name in speed else "" for name in names]
                first = max(speed, key=speed.__getitem__)
                pairs = zip(("sori", "sori[mkl]"), bare.values(), strict=False)
                limits = ", ".join(f"{best[name] / seconds:.1f}" for name, seconds in pairs if name in best)
                print(f"| {n} | {length} | {kind} | " + " | ".join(cells) + f" | {first} | {limits} |", flush=True)
    print("\nlast column: time of Sori over that of the bare FFTs in 32-bit, with SciPy and with MKL, on one thread")


if __name__ == "__main__":
    main()
