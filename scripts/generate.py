"""Write the files and README parts that are made from the code: ``python -m scripts.generate``.

``tests/test_docs.py`` fails where one of them differs from what this makes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from click.testing import CliRunner

from doctorflan_ls.cli.app import app
from doctorflan_ls.rule_pages import page
from doctorflan_ls.settings import SETTINGS, Setting
from doctorflan_ls.settings.schema import json_schema
from doctorflan_ls.tasks.registry import builtin_tasks
from scripts.calculators_page import calculators_page
from scripts.protocol_page import requests
from scripts.rule_pages import documents_table, rules_page

ROOT = Path(__file__).parent.parent


def generated() -> dict[Path, str]:
    """Every generated file with the text it must have."""
    schema = json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n"
    return {
        ROOT / "schemas" / "settings.schema.json": schema,
        ROOT / "docs" / "settings.md": settings_page(),
        **{page(locale): rules_page(locale) for locale in ("zh", "en")},
        ROOT / "docs" / "calculators.md": calculators_page(),
        ROOT / "docs" / "protocol.md": protocol_page(
            (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
        ),
        ROOT / "docs" / "rules.md": _renewed(
            (ROOT / "docs" / "rules.md").read_text(encoding="utf-8"),
            {"documents": f"\n{documents_table()}\n"},
        ),
        ROOT / "README.md": readme((ROOT / "README.md").read_text(encoding="utf-8")),
    }


def settings_page() -> str:
    """The page on settings."""
    rows = [_row(setting) for setting in SETTINGS.values()]
    return f"""# Settings

Later layers win: the default, your own file (`~/.config/doctorflan-ls/settings.toml`, or under
`$XDG_CONFIG_HOME`), the file `.doctorflan.toml` of the workspace, the editor
(`initializationOptions` or `workspace/configuration`, with or without the section `doctorflan`),
an environment variable, `--set KEY=VALUE`. `doctorflan-ls config` shows each value and where it
came from.

A wrong name or value is reported once, with the nearest name; the rest of its file is kept. The
server takes the workspace's file from its first folder, and reads everything again when the editor
says that its configuration or that file changed.
A workspace file may not set anything under `network`, `models`, `plugins` or `audit`, nor name a
file of rules or points (`checks.rules`, a path in `checks.score_table`): it comes with a folder
that somebody else may have written.
Nor may a client of the TCP or WebSocket server, which is not its user. Of all these it sets only
`models.use`, `models.max_tokens`, `models.temperature` and `models.seed`: it chooses among the
models that the server has. Folders, hosts and memory are the server's own: its user's file, its
environment, its command line. What else a client sends there is reported in one line and ignored.
Over `--stdio` the client is your own editor and may set everything.

| setting | default | value | meaning | variable |
| --- | --- | --- | --- | --- |
{chr(10).join(rows)}

In a file, the dotted name is a table and a key:

```toml
[draft]
language = "zh"
```

JSON Schema: [`schemas/settings.schema.json`](../schemas/settings.schema.json).
"""


def _row(setting: Setting) -> str:
    default = setting.default
    shown = json.dumps(dict(default) if isinstance(default, Mapping) else default)
    value = setting.kind.expected.replace("|", "\\|")
    return f"| `{setting.key}` | `{shown}` | `{value}` | {setting.doc} | `{setting.variable}` |"


def protocol_page(text: str) -> str:
    """The page on the protocol with its custom requests renewed."""
    return _renewed(text, {"requests": f"\n{requests()}\n"})


def readme(text: str) -> str:
    """``text`` with its generated parts renewed."""
    demo = f"```text\n{_run('demo')}```"
    return _renewed(text, {"demo": demo, "tasks": _tasks_table(), "help": _help()})


def _renewed(text: str, parts: Mapping[str, str]) -> str:
    for name, content in parts.items():
        block = f"<!-- {name}: scripts/generate.py -->\n{content}\n<!-- end -->"
        pattern = rf"<!-- {name}: scripts/generate\.py -->\n.*?<!-- end -->"
        text = re.sub(pattern, lambda _, block=block: block, text, count=1, flags=re.DOTALL)
    return text


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(
        app, ["--lang", "en", "--no-plugins", *arguments], catch_exceptions=False
    )
    if result.exit_code != 0:
        raise SystemExit(result.stderr)
    return result.stdout


def _tasks_table() -> str:
    rows = [
        f"| `{task.id}` | {task.title.zh} | {task.category} | {task.phase} | {task.origin} |"
        for task in builtin_tasks()
    ]
    head = "| id | 中文 | dataset category | phase | name is |\n| --- | --- | --- | --- | --- |"
    return "\n".join([head, *rows])


def _help() -> str:
    commands = _run("--help").partition("Commands:\n")[2].partition("\n\n")[0]
    return f"```text\n{commands}\n```"


if __name__ == "__main__":
    for path, content in generated().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
