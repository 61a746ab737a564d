"""The program `amgs`: its commands in the order a study goes through them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, OptionInfo

from amgs._version import __version__
from amgs.cli import (
    adapt,
    agreement,
    check,
    classify,
    compare,
    convert,
    demo,
    doctor,
    evaluate,
    evidence,
    exclude,
    export_data,
    extract,
    find,
    images,
    import_data,
    lab,
    label,
    models,
    models_build,
    models_check,
    models_import,
    models_travel,
    new,
    plan,
    power,
    raters,
    report,
    score,
    simulate,
    summarise,
    threshold,
    train,
    unblind,
    watch,
)
from amgs.cli.console import fail
from amgs.errors import AmgsError

COMMANDS: dict[str, Callable[..., None]] = {
    "lab": lab.lab,
    "demo": demo.demo,
    "new": new.new,
    "check": check.check,
    "convert": convert.convert,
    "find": find.find,
    "extract": extract.extract,
    "exclude": exclude.exclude,
    "include": exclude.include,
    "score": score.score,
    "raters": raters.raters,
    "agreement": agreement.agreement,
    "label": label.label,
    "plan": plan.plan,
    "power": power.power,
    "unblind": unblind.unblind,
    "train": train.train,
    "adapt": adapt.adapt,
    "classify": classify.classify,
    "evaluate": evaluate.evaluate,
    "evidence": evidence.evidence,
    "images": images.images,
    "watch": watch.watch,
    "threshold": threshold.threshold,
    "summarise": summarise.summarise,
    "compare": compare.compare,
    "report": report.report,
    "simulate sheet": simulate.sheet,
    "simulate faces": simulate.faces,
    "simulate video": simulate.video,
    "simulate cohort": simulate.cohort,
    "simulate scores": simulate.scores,
    "import": import_data.import_data,
    "export": export_data.export_data,
    "models show": models.show,
    "models get": models_import.get,
    "models import": models_import.import_model,
    "models verify": models_import.verify,
    "models build": models_build.build,
    "models pack": models_travel.pack,
    "models add": models_travel.add,
    "models list": models_travel.list_models,
    "models check": models_check.check,
    "doctor": doctor.doctor,
}

PANELS = {
    "Begin": ("lab", "demo", "doctor"),
    "A study, in the order of an experiment": (
        "new",
        "check",
        "extract",
        "score",
        "agreement",
        "label",
        "plan",
        "unblind",
        "summarise",
        "compare",
        "threshold",
        "report",
    ),
    "Corrections": ("exclude", "include", "raters", "convert"),
    "Images and models": (
        "find",
        "train",
        "adapt",
        "classify",
        "evaluate",
        "evidence",
        "images",
        "models",
    ),
    "Live": ("watch",),
    "Planning the next experiment": ("power",),
    "Other programs, and drawn mice": ("import", "export", "simulate"),
}
"""How `amgs --help` groups the commands; a test asks that each stands in one of them."""

EPILOG = (
    "`amgs` alone opens the laboratory in the browser (`amgs lab`). For the terminal begin with "
    "`amgs demo`, then see docs/start.md. Every command explains itself with --help, "
    "takes --json for one machine-readable document, and exits with 0 on success, 1 on an error "
    "it explains, 2 on wrong usage."
)

app = typer.Typer(
    name="amgs",
    help="The automated Mouse Grimace Scale: pain or no pain from mouse faces, with a confidence.",
    epilog=EPILOG,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
_simulate = typer.Typer(
    name="simulate",
    help="Draw mice whose action units are known: for trying amgs, and for checking it.",
    epilog="Synthetic mice are not mice: how a model does on them says nothing about real ones.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
_models = typer.Typer(
    name="models",
    cls=models.ShowByDefault,
    help="Show what a model is and how well it performs; bring in one that was trained elsewhere.",
    rich_markup_mode="markdown",
)
_GROUPS = {"simulate": _simulate, "models": _models}
_WORDS = {Path: "PATH", int: "NUMBER", float: "NUMBER", str: "TEXT"}


def _name_values(function: Callable[..., None]) -> None:
    """Let help say PATH, NUMBER or TEXT of what an option takes, not the type in Python."""
    hints = get_type_hints(function, include_extras=True)
    for name, hint in hints.items():
        if get_origin(hint) is not Annotated:
            continue
        kind, *about = get_args(hint)
        parts = {kind, *get_args(kind)}
        parts |= {inner for part in get_args(kind) for inner in get_args(part)}
        words = {_WORDS[part] for part in parts if isinstance(part, type) and part in _WORDS}
        for info in about:
            if not isinstance(info, OptionInfo | ArgumentInfo) or info.metavar is not None:
                continue
            if isinstance(info, ArgumentInfo):
                info.metavar = name.upper()
            elif kind is bool:
                info.metavar = ""  # a flag takes nothing
            elif len(words) == 1:
                info.metavar = words.copy().pop()
    # Written as text they would be read anew for the program, without these names.
    function.__annotations__ = hints


_PANEL_OF = {name: panel for panel, names in PANELS.items() for name in names}
for _name in sorted(COMMANDS, key=[*_PANEL_OF, *COMMANDS].index):
    _group, _, _leaf = _name.rpartition(" ")
    _panel = None if _group else _PANEL_OF[_name]
    _name_values(COMMANDS[_name])
    _place = _GROUPS[_group] if _group else app
    _place.command(name=_leaf, rich_help_panel=_panel)(COMMANDS[_name])
for _group, _place in _GROUPS.items():
    app.add_typer(_place, rich_help_panel=_PANEL_OF[_group])


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"amgs {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: bool = typer.Option(  # noqa: ARG001 - its callback has done it
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    if context.invoked_subcommand is not None:
        return
    # A script that forgot the command must not wait for a page that nobody opens.
    if sys.stdout.isatty():
        lab.lab()
    else:
        typer.echo(context.get_help())
        raise typer.Exit(2)


def main() -> None:
    """Run the program; explained errors become one message and exit code 1."""
    # Windows consoles and pipes may not be UTF-8; a name must never stop a long run.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    # Pillow warns of odd metadata in single images; what cannot be read is reported by amgs.
    warnings.filterwarnings("ignore", module="PIL")
    try:
        app()
    except AmgsError as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail("Stopped. No incomplete file was left; run the same command again.", code=130)
    except OSError as error:
        fail(
            f"The system refused to read or write {error.filename or 'a file'}: "
            f"{error.strerror or error}. Check permissions and free space, then try again."
        )
