"""The `sori` command."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import warnings
from typing import Annotated

import typer

import sori
from sori.cli import (
    augment,
    compare,
    console,
    dataset,
    evaluate,
    experiment,
    export,
    inspect,
    learn,
    listen,
    models,
    notate,
    piano,
    predict,
    score,
    search,
    synth,
    tag,
    train,
    transcribe,
)
from sori.cli.help import WIDTH, Command
from sori.errors import SoriError, missing, reason
from sori.reporter import Cancelled

app = typer.Typer(
    help="From recordings to working audio models, with every step open.\n\n"
    "Example: sori train my-sounds/ --out runs/first, then sori predict runs/first new.wav",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=WIDTH,
)
app.add_typer(dataset.app, name="dataset")
app.add_typer(learn.app, name="learn")
app.add_typer(synth.app, name="synth")
app.add_typer(experiment.app, name="experiment")
app.add_typer(piano.app, name="piano")
for command in (
    train.train,
    evaluate.evaluate,
    export.export,
    compare.compare,
    search.search,
    predict.predict,
    models.models,
    listen.listen,
    tag.tag,
    transcribe.transcribe,
    notate.notate,
    score.score,
    inspect.inspect,
    augment.augment,
):
    app.command(cls=Command)(command)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"sori {sori.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def _stop_at_once(number: int, frame: object) -> None:
    os.write(2, b"sori: stopped\n")
    os._exit(130)


def main() -> None:
    """Run the command line: errors are one red line and exit status 1, usage errors 2, Ctrl-C 130."""
    said: set[str] = set()

    def say_once(message: Warning | str, *_: object, **__: object) -> None:
        if str(message) not in said:  # a file that is read twice says the same twice
            said.add(str(message))
            console.warn(f"note: {message}")

    if threading.current_thread() is threading.main_thread():
        # Before the work begins, libraries are imported, some of which do not survive an exception then.
        signal.signal(signal.SIGINT, _stop_at_once)
    warnings.simplefilter("always", UserWarning)
    warnings.showwarning = say_once
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file name may not be valid text
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except SoriError as error:
        console.fail(console.described(error))
    except (Cancelled, KeyboardInterrupt):
        console.fail("stopped")
        sys.exit(130)
    except ModuleNotFoundError as error:
        console.fail(str(missing(error.name or "a library")))
    except BrokenPipeError:  # the reader of our output closed it
        sys.stderr.close()
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        console.fail(f"{name}{reason(error)}")
    except MemoryError:
        console.fail("not enough memory for this: use shorter or fewer segments")
    else:
        return
    sys.exit(1)
