"""`amgs score`: the blinded scoring room."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amgs.cli.console import (
    JsonOption,
    QuietOption,
    note,
    open_study,
    print_facts,
    print_json,
    require_faces,
)
from amgs.errors import count_of

if TYPE_CHECKING:
    from amgs.web.serving import Address


def score(
    study: Annotated[Path, typer.Argument(help="The folder of a study.")],
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on. If not this machine's own (127.0.0.1), raters need an "
            "access key, which is shown here. 0.0.0.0: every address of this machine."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Default: the first free one from 8600.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="A certificate (PEM), to serve by HTTPS; with --key.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="The key of the certificate (PEM).")] = None,
    new_scale: Annotated[
        bool,
        typer.Option(
            "--new-scale",
            help="Go on with another scale than scoring began with. Answers to units that stay the "
            "same count on; the others are kept, and count again when the scale is put back.",
        ),
    ] = False,
    second_look: Annotated[
        bool,
        typer.Option(
            "--second-look",
            help="Show the faces of results/doubtful_labels.csv to their raters again, unannounced "
            "and mixed with as many others. `amgs label` then says how they came out.",
        ),
    ] = False,
    open_browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser.")
    ] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Serve the page on which people score faces, blinded, until Ctrl-C.

    Each rater signs in with a name and sees the faces in a random order of their own; some are
    shown twice, unannounced. Nothing on the page reveals animal, group, time or file. Every answer
    is saved to disk before the next. The owner's page, which needs the key shown here, says how far
    every rater has got and how well raters agree.

    From another machine: `ssh -L 8600:127.0.0.1:8600 THIS-MACHINE`, or --host with its address.

    Example: `amgs score laparotomy`
    """
    from amgs.study.consistency import require_same_scoring
    from amgs.web.serving import serve

    if (certificate is None) != (key is None):
        raise typer.BadParameter("--certificate and --key belong together.")
    with open_study(study) as opened:
        require_faces(opened, study, "score")
        if new_scale:
            opened.accept_scale()
        require_same_scoring(opened)
        if second_look:
            doubtful, others = opened.ask_second_look()
            note(
                f"{count_of(doubtful, 'face')} with a doubtful label and "
                f"{count_of(others, 'other')} are shown again to those who scored them.",
                quiet=quiet,
            )
        _ = opened.room().reference  # a fault in it must not be met by a rater
        files = None if certificate is None or key is None else (certificate, key)

        def announce(address: Address) -> None:
            _announce(address, as_json=json, quiet=quiet)
            if open_browser:
                import webbrowser

                webbrowser.open(address.url)

        with suppress(KeyboardInterrupt):
            serve(opened, host, port, announce, files)
    note("Stopped. All answers that were shown as saved are in the study.", quiet=quiet)


def _announce(address: Address, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        document = {
            "url": address.url,
            "owner_url": f"{address.url}owner",
            "owner_key": address.owner_key,
            "access_key": address.access_key or None,
        }
        print_json(document)
        return
    facts: list[tuple[str, object]] = [("raters open", address.url)]
    if address.access_key:
        facts.append(("their access key", address.access_key))
    facts += [("you open", f"{address.url}owner"), ("with the owner's key", address.owner_key)]
    print_facts("Scoring room", facts)
    if address.access_key and address.url.startswith("http:"):
        note(
            "Without a certificate, anyone who can listen on this network can read what is sent.",
            quiet=quiet,
        )
    note("Stop with Ctrl-C.", quiet=quiet)
