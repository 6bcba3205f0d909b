"""`--help`: plain text, the options in groups, the most common first."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

from sori.cli import console

WIDTH = {"max_content_width": 110, "help_option_names": ["-h", "--help"]}


class Command(TyperCommand):
    """A command whose help shows its options in groups, in the order in which the groups first occur."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command, and remember it, since messages name its options."""
        console.remember_command(ctx)
        return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line, without hidden arguments."""
        pieces = [self.options_metavar] if self.options_metavar else []
        for parameter in self.get_params(ctx):
            if not getattr(parameter, "hidden", False):
                pieces += parameter.get_usage_pieces(ctx)
        return pieces

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and not getattr(parameter, "hidden", False):
                usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
                groups.setdefault(getattr(parameter, "rich_help_panel", None) or usual, []).append(record)
        for name, records in groups.items():
            with formatter.section(name):
                formatter.write_dl(records)
