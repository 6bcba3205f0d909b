import os
import re
import signal

import pytest
import typer

from sori.cli import app, console
from sori.errors import ParameterError, SoriError, check_between, check_count
from sori.reporter import Cancelled


@pytest.fixture
def running(monkeypatch):
    """Make a command the one that is running, without running it."""

    def make(*names, arguments=()):
        command = typer.main.get_command(app)
        for name in names:
            command = command.commands[name]
        context = command.make_context(names[-1], list(arguments), resilient_parsing=not arguments)
        monkeypatch.setitem(console._running, "context", context)

    monkeypatch.delitem(console._running, "context", raising=False)
    return make


def raised(check, *arguments, **options):
    with pytest.raises(SoriError) as caught:
        check(*arguments, **options)
    return caught.value


def test_an_argument_becomes_the_option_of_the_command(running):
    running("dataset", "build")
    assert console.as_options("give `overwrite=True` to replace it") == "give --overwrite to replace it"
    assert console.as_options("use a shorter `duration_s`") == "use a shorter --duration"
    assert console.as_options("build it with `feature='mel'` `n_mels=40`") == "build it with --feature mel --n-mels 40"
    assert console.as_options("`segment_by`, or `fmax_hz=4000`") == "--segment-by, or --fmax 4000"


def test_a_name_that_is_no_option_loses_its_backticks_alone(running):
    running("dataset", "build")
    assert console.as_options("`patience=10`: stop") == "patience=10: stop"
    assert console.as_options("no argument here: a lone ` stays") == "no argument here: a lone ` stays"


def test_without_a_command_arguments_stay_as_in_python(running):
    assert console.as_options("give `overwrite=True`") == "give overwrite=True"
    assert console.described(raised(check_count, "epochs", 0)).startswith("epochs must be")


def test_an_argument_of_a_command_is_called_as_in_its_help(running):
    running("train")
    assert console.as_options("another `source`") == "another SOURCE"


def test_an_error_names_the_option(running):
    running("train")
    told = console.described(raised(check_count, "epochs", 0))
    assert told == "--epochs must be a whole number, at least 1. Received --epochs 0."
    told = console.described(raised(check_count, "batch_size", "many"))
    assert told == "--batch-size must be a whole number, at least 1. Received --batch-size 'many'."
    running("dataset", "build")
    assert console.described(raised(check_between, "duration_s", -1, 0, 9, "s")).startswith(
        "--duration must be 0 to 9 s"
    )


def test_an_error_of_what_is_no_option_stays_as_it_is(running):
    running("train")
    error = raised(check_count, "n_fft", 0)
    assert console.described(error) == str(error)
    assert console.described(ParameterError("give `folds=True`")) == "give --folds"


def test_a_word_within_another_is_no_argument(running):
    running("train")
    error = ParameterError("more-epochs must be many, and epochs must be some. Received epochs=1.", "epochs")
    assert console.described(error) == "more-epochs must be many, and --epochs must be some. Received --epochs 1."


def test_what_was_given_is_told_from_defaults(running):
    running("dataset", "build", arguments=["in", "--out", "data", "--sr", "22050"])
    assert console.given({"sr", "duration", "out"}) == {"sr", "out"}


def test_without_a_command_nothing_was_given(running):
    assert console.given({"sr"}) == set()


def test_columns_are_as_wide_as_their_widest_cell(capsys):
    console.print_table(["name", "F1"], [["light", "0.9"], ["very heavy", "0.75"]])
    assert capsys.readouterr().out == "name        F1\nlight       0.9\nvery heavy  0.75\n"


def test_results_and_remarks_go_separate_ways(capsys):
    console.print_json({"이름": [1, None]})
    console.say("one")
    console.warn("[bold]two[/bold]")
    console.fail("three")
    out, err = capsys.readouterr()
    assert out == '{\n  "이름": [\n    1,\n    null\n  ]\n}\n'
    assert err == "one\n[bold]two[/bold]\nsori: three\n"


def test_where_there_is_no_terminal_a_line_comes_every_ten_seconds(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    reporter = console.TerminalReporter()
    for second in range(26):
        now[0] = float(second)
        reporter.progress("Training", second, 25, {"epoch": 3.0, "loss": 0.5})
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"Training: {i} of 25 epoch 3  loss 0.500" for i in (10, 20)]


def test_ctrl_c_stops_the_work_where_it_is_safe_to(capsys):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(typer.Exit) as stopped, console.stopping("stopped; nothing was written"):
        with console.reporting() as reporter:
            os.kill(os.getpid(), signal.SIGINT)
            assert "stopping" in capsys.readouterr().err  # the work goes on until its next report
            reporter.progress("Working", 1, 2)
            raise AssertionError
    assert stopped.value.exit_code == 130
    assert re.fullmatch("sori: stopped; nothing was written\n", capsys.readouterr().err)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_stops_it_at_once():
    with pytest.raises(KeyboardInterrupt), console.reporting():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        signal.pause()


def test_without_ctrl_c_nothing_is_cancelled():
    with console.reporting() as reporter:
        reporter.progress("Working", 2, 2)
        reporter.cancel()
        with pytest.raises(Cancelled):
            reporter.progress("Working", 2, 2)
