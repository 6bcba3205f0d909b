"""`sori learn`: a neuron, a network and backpropagation, with the numbers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sori.cli import console
from sori.cli.help import Command
from sori.cli.options import Json

app = typer.Typer(
    help="A neuron, a network and backpropagation, with the numbers.", no_args_is_help=True, rich_markup_mode=None
)

Seed = Annotated[int, typer.Option(help="Seed of the initial weights and the data.")]
Decimals = Annotated[int, typer.Option(min=0, max=15, help="Decimals to show.")]
Numbers = {"ignore_unknown_options": True}  # so that -0.5 is a number and not an option


@app.command(cls=Command, context_settings=Numbers)
def neuron(
    inputs: Annotated[list[str], typer.Argument(help="Numbers, then --weights and as many weights.")],
    bias: Annotated[float, typer.Option(help="Added to the weighted sum.")] = 0.0,
    json: Json = False,
) -> None:
    """Compute a neuron: the weighted sum of its inputs, through a sigmoid.

    Example: sori learn neuron 1 2 3 --weights 0.5 -0.2 0.1
    """
    from sori.errors import ParameterError
    from sori.nn import Neuron

    if "--weights" not in inputs:
        raise ParameterError("a neuron needs weights: sori learn neuron 1 2 3 --weights 0.5 -0.2 0.1")
    at = inputs.index("--weights")
    x, w = _numbers("inputs", inputs[:at]), _numbers("weights", inputs[at + 1 :])
    unit = Neuron(w, bias=bias)
    z, a = unit.net_input(x), unit(x)
    if json:
        console.print_json({"inputs": x, "weights": w, "bias": bias, "net_input": z, "activation": a})
        return
    terms = " + ".join(f"{xi:g} * {wi:g}" for xi, wi in zip(x, w, strict=True))
    console.show(f"net input   {terms}{f' + {bias:g}' if bias else ''} = {z:.6g}")
    console.show(f"activation  1 / (1 + e^-({z:.6g})) = {a:.6f}")


@app.command(cls=Command, context_settings=Numbers)
def forward(
    layers: Annotated[list[int], typer.Argument(help="Units of each layer, e.g. 2 3 1.")],
    inputs: Annotated[str | None, typer.Option(help="Comma-separated numbers, e.g. 0.3,0.1 (default: random).")] = None,
    activation: Annotated[str, typer.Option(help="sigmoid, tanh, relu or linear.")] = "sigmoid",
    seed: Seed = 0,
    decimals: Decimals = 4,
    json: Json = False,
) -> None:
    """Send numbers through a network with random weights, layer by layer.

    Example: sori learn forward 2 3 1
    """
    import numpy as np

    from sori.errors import ParameterError
    from sori.experiments.addition import generator
    from sori.nn import MLP

    if len(layers) < 2:
        raise ParameterError(f"a network needs two layers or more, e.g. 2 3 1. Received {len(layers)}.")
    rng = generator(seed)
    network = MLP(layers[0], layers[1:-1], layers[-1], activation=activation, rng=rng)
    x = rng.random(layers[0]) if inputs is None else np.array(_numbers("inputs", inputs.split(",")))
    network.forward(x)
    if json:
        console.print_json(
            {
                "layers": layers,
                "activation": activation,
                "weights": [w.tolist() for w in network.weights],
                "activations": [a[0].tolist() for a in network.activations],
            }
        )
        return
    with np.printoptions(precision=decimals, suppress=True):
        console.show(f"a0 = x           {network.activations[0][0]}")
        for i, (w, a) in enumerate(zip(network.weights, network.activations[1:], strict=True)):
            lines = str(w).splitlines()
            console.show(f"W{i} ({w.shape[0]}x{w.shape[1]})".ljust(17) + lines[0])
            for line in lines[1:]:
                console.show(" " * 17 + line)
            console.show(f"a{i + 1} = {activation}(a{i} . W{i}) {a[0]}")


@app.command(cls=Command)
def backprop(
    example: Annotated[bool, typer.Option("--example", help="The step worked by hand in the lesson (2-2-1).")] = False,
    layers: Annotated[str, typer.Option(help="Units of each layer of a random network.")] = "2,3,1",
    inputs: Annotated[str, typer.Option(help="Its inputs, comma-separated.")] = "0.3,0.1",
    target: Annotated[str, typer.Option(help="Its targets, comma-separated.")] = "0.4",
    lr: Annotated[float, typer.Option(help="Learning rate.")] = 0.1,
    bias: Annotated[bool, typer.Option("--bias", help="Give every unit a bias.")] = False,
    activation: Annotated[str, typer.Option(help="sigmoid, tanh, relu or linear.")] = "sigmoid",
    seed: Seed = 0,
    plot: Annotated[Path | None, typer.Option(help="Draw the step in this image.")] = None,
    decimals: Annotated[
        int | None, typer.Option(min=0, max=15, help="Decimals to show (default: 5; for the example: 6).")
    ] = None,
    json: Json = False,
) -> None:
    """Show every number of one step of backpropagation and gradient descent.

    Example: sori learn backprop --example
    """
    from sori.experiments.addition import generator
    from sori.nn import MLP
    from sori.nn.examples import hand_worked

    if example:
        traces = hand_worked()
    else:
        units = [int(number) for number in _numbers("layers", layers.split(","))]
        network = MLP(units[0], units[1:-1], units[-1], bias=bias, activation=activation, rng=generator(seed))
        x, t = _numbers("inputs", inputs.split(",")), _numbers("target", target.split(","))
        traces = {"step": network.explain_step(x, t, learning_rate=lr)}
    if plot is not None:
        from sori.experiments.addition import draw_step

        draw_step(next(iter(traces.values())), plot)
        console.say(f"drew {plot}")
    if json:
        console.print_json({name: trace.to_dict() for name, trace in traces.items()})
        return
    headings = {
        "exact": "Exactly",
        "rounded": "As by hand: the output's slope and delta to two decimals",
        "quarter": "As by hand, the hidden slope taken as 0.25",
        "step": f"One step of a {layers.replace(',', '-')} network",
    }
    shown = decimals if decimals is not None else 6 if example else 5
    for name, trace in traces.items():
        for line in ("", headings[name], *trace.as_text(decimals=shown).split("\n")):
            console.show(line)


@app.command("sum", cls=Command)
def sum_(
    samples: Annotated[int | None, typer.Option(help="Examples (default: 1000; with --compare 5000, 7:3).")] = None,
    epochs: Annotated[int | None, typer.Option(help="Epochs (default: 50; with --compare 100).")] = None,
    hidden: Annotated[int, typer.Option(help="Hidden units.")] = 5,
    lr: Annotated[float, typer.Option(help="Learning rate.")] = 0.1,
    seed: Seed = 0,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the error curve and the learned surface in this image.")
    ] = None,
    compare: Annotated[str | None, typer.Option(help="keras: also train the same network in Keras.")] = None,
    json: Json = False,
) -> None:
    """Teach a small network to add two numbers, one update per example.

    Example: sori learn sum --plot sum.png
    """
    from sori.errors import ParameterError, check_choice
    from sori.experiments.addition import QUESTIONS, compare_with_keras, draw_sum, learn_sum

    if compare is not None:
        check_choice("compare", compare, ("keras",))
        if plot is not None:
            raise ParameterError("`plot` draws the network from scratch: leave out `compare`")
        with console.reporting() as reporter:
            twin = compare_with_keras(
                samples=5000 if samples is None else samples,
                epochs=100 if epochs is None else epochs,
                hidden=hidden,
                learning_rate=lr,
                seed=seed,
                reporter=reporter,
            )
        if json:
            console.print_json(asdict(twin))
            return
        from rich.table import Table

        table = Table("", "from scratch", "Keras", box=None, pad_edge=False, padding=(0, 2))
        table.add_row("train loss", f"{twin.scratch.train_loss:.3e}", f"{twin.keras.train_loss:.3e}")
        table.add_row("test loss", f"{twin.scratch.test_loss:.3e}", f"{twin.keras.test_loss:.3e}")
        table.add_row("seconds", f"{twin.scratch.seconds:.1f}", f"{twin.keras.seconds:.1f}")
        for (a, b), mine, theirs in zip(QUESTIONS, twin.scratch.predictions, twin.keras.predictions, strict=True):
            table.add_row(f"{a} + {b}", f"{mine:.6f}", f"{theirs:.6f}")
        console.out.print(table)
        console.show(f"largest weight difference {twin.largest_weight_difference:.1e}")
        console.show(twin.verdict)
        return
    with console.reporting() as reporter:
        result = learn_sum(
            samples=1000 if samples is None else samples,
            epochs=50 if epochs is None else epochs,
            hidden=hidden,
            learning_rate=lr,
            seed=seed,
            reporter=reporter,
        )
    if plot is not None:
        draw_sum(result, plot)
        console.say(f"drew {plot}")
    if json:
        console.print_json(result.to_dict())
        return
    for epoch, loss in enumerate(result.losses, 1):
        console.show(f"epoch {epoch:>3}  mean error {loss:.6f}")
    for (a, b), prediction in zip(QUESTIONS, result.predictions, strict=True):
        console.show(f"{a} + {b} = {prediction:.4f} (truly {a + b:g})")


def _numbers(name: str, texts: list[str]) -> list[float]:
    from sori.errors import ParameterError

    try:
        return [float(text) for text in texts]
    except ValueError:
        raise ParameterError(f"{name} must be numbers. Received {' '.join(texts)!r}.") from None
