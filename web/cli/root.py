"""The root of `wangge`: its groups, loaded only when called."""

from __future__ import annotations

from importlib import import_module

import click

from web.cli.output import Answer, WanggeGroup

# command -> (module of this package, its click object, what the help list says)
COMMANDS = {
    "audit": ("audit", "audit", "Verify and export the audit trail."),
    "balance": ("balance", "balance", "Divide an area into grids of equal households."),
    "coverage": ("coverage", "coverage", "Check and repair polygon files."),
    "db": ("db", "db", "The database: start, stop, migrate, dump, restore."),
    "demo": ("demo", "demo", "Generate and import the invented county."),
    "doctor": ("doctor", "doctor", "Check that everything is in place."),
    "export": ("export", "export", "Write units, households, cameras or incidents to a file."),
    "feed": ("feed", "feed", "Systems beside ours that send their own messages."),
    "hotspots": ("hotspots", "hotspots", "Where is it significantly hot?"),
    "hub": ("hub", "hub", "Hold open the event streams."),
    "import": ("imports", "import_file", "Take in a file."),
    "inbox": ("inbox", "inbox", "Outlines sent from QGIS, taken into a plan or refused."),
    "incident": ("incident", "incident", "The event desk."),
    "kiosk": ("kiosk", "kiosk", "Walls that show the board with nobody signed in."),
    "locate": ("locate", "locate", "Which grid answers for a position?"),
    "notice": ("notice", "notice", "Messages that could not be sent."),
    "person": ("person", "person", "People, accounts, rights."),
    "plan": ("plan", "plan", "Boundary work."),
    "print": ("print", "print_maps", "Maps on paper: grid card, map book, wall map."),
    "report": ("report", "report", "Daily, weekly and hotspot reports as files."),
    "retention": ("retention", "retention", "How long personal data is kept."),
    "rules": ("rules", "rules", "The limits that boundaries are checked against."),
    "serve": ("serve", "serve", "Serve the screens and the API, and do the jobs."),
    "simplify": ("simplify", "simplify", "Simplify a coverage together for a map scale."),
    "work": ("work", "work", "Do the jobs: plans on their day, the nightly proof, the audit seal."),
}


class RootGroup(WanggeGroup):
    """Loads a command's module when it is called, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command by name."""
        if name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[name]
        command: click.Command = getattr(import_module(f"web.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in self.list_commands(ctx)])


@click.group(cls=RootGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.version_option(package_name="wangge")
@click.pass_context
def cli(ctx: click.Context, as_json: bool) -> None:
    """Wangge: the county's grids, proven, published, answered for."""
    ctx.obj = Answer(as_json)
