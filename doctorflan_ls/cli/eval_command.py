"""``doctorflan-ls eval``: a model answers a set, a judge scores it, a report compares."""

from __future__ import annotations

import click

from doctorflan_ls.cli.eval_answer import answer_command, merge_command
from doctorflan_ls.cli.eval_judge import judge_command
from doctorflan_ls.cli.eval_report import measure_command, report_command


@click.group("eval")
def command() -> None:
    """DoctorFLAN-test, DotaBench or rows of their form: answered, judged, reported.

    The data sets are yours to bring. Nothing leaves this machine but to a judge or a model server
    that the setting `network.hosts` names.
    """


for each in (answer_command, merge_command, judge_command, measure_command, report_command):
    command.add_command(each)
