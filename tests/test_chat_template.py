"""A chat template is a program of unknown origin: it ends, soon, and reaches nothing."""

import time

import pytest
from made_tokenizers import byte_level, user

from doctorflan_ls.errors import ModelUnavailable
from doctorflan_ls.models.local.chat_template import ChatTemplate
from doctorflan_ls.models.local.tokenizer import Tokenizer

LOOP = "{% set ns = namespace(x='ab') %}{% for i in range(99) %}STEP{% endfor %}{{ ns.x }}"
BIG = "{% set x = 'a' * 9999 %}{% set x = x ~ x ~ x ~ x %}"
HOSTILE = {
    "nested loops": "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
    "a long range": "{{ range(999999999) | list }}",
    "a product": "{{ 'a' * 1000000000 }}",
    "a power": "{{ 10 ** 100000000 }}",
    "a sum": LOOP.replace("STEP", "{% set ns.x = ns.x + ns.x %}"),
    "a concatenation": LOOP.replace("STEP", "{% set ns.x = ns.x ~ ns.x %}"),
    "a block": LOOP.replace("STEP", "{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}"),
    "a nested list": LOOP.replace("STEP", "{% set ns.x = [ns.x, ns.x] %}"),
    "a squared number": LOOP.replace("'ab'", "9").replace("STEP", "{% set ns.x = ns.x * ns.x %}"),
    "a format": "{{ '{:999999999}'.format(1) }}",
    "a percent format": "{{ '%999999999d' % 1 }}",
    "a format filter": "{{ '%999999999d' | format(1) }}",
    "padding": "{{ 'a'.ljust(999999999) }}",
    "a padding filter": "{{ 'a' | center(999999999) }}",
    "a replacement": "{{ ('a' * 9000).replace('a', 'b' * 9000) }}",
    "a replacing filter": "{{ ('a' * 9000) | replace('a', 'b' * 9000) }}",
    "searching": BIG + "{% for i in range(99999) %}{% if 'z' in x %}{% endif %}{% endfor %}",
    "slicing": BIG + "{% for i in range(99999) %}{% set y = x[::-1] %}{% endfor %}",
    "a macro's output": BIG
    + "{% macro m() %}{% for i in range(99999) %}{{ x }}{% endfor %}{% endmacro %}{{ m() }}",
    "recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a recursive loop": "{% for i in messages recursive %}{{ loop(messages) }}{% endfor %}",
    "a dunder": "{{ ''.__class__.__mro__ }}",
    "globals": "{{ cycler.__init__.__globals__ }}",
    "subclasses": "{{ dict.__subclasses__() }}",
    "a file": "{% include '/etc/passwd' %}",
    "a change": "{{ messages.append(1) }}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_is_one_clear_line_soon(tmp_path, name):
    began = time.monotonic()
    with pytest.raises(ModelUnavailable) as caught:
        Tokenizer.load(byte_level(tmp_path, HOSTILE[name]))
    assert caught.value.key in {"tokenizer.template-fails", "tokenizer.template-broken"}
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% for m in messages[::-1] %}{{ loop.last }}{{ loop.index0 }}{% endfor %}", "True0"),
        ("{%- set x %}a{{ messages[0].content }}{% endset %}{{ x ~ 'b' | upper }}", "a<ä>B"),
        ("{% generation %}{{ messages[0]['content'] | trim }}{% endgeneration %}", "<ä>"),
        ("{{ messages[0] | tojson }}", '{"role": "user", "content": "<ä>"}'),
        ("{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "01"),
        ("{{ strftime_now('%%') }}{{ 20250101 | string }}{{ bos_token }}", "%20250101<s>"),
        ("{% if tools %}{{ tools | indent(4) }}{% endif %}{{ messages | length }}", "1"),
        ("  {% if true %}\na\n  {% endif %}\n", "a\n"),
    ],
)
def test_ordinary_templates_render(source, expected):
    assert ChatTemplate(source, {"bos_token": "<s>"}).render([("user", "<ä>")]) == expected


def test_a_long_note_is_rendered_again_and_again(tmp_path):
    tokenizer = Tokenizer.load(byte_level(tmp_path))
    note = "体温 38 ℃。" * 20_000
    assert tokenizer.prompt_ids(user(note)) == tokenizer.prompt_ids(user(note))
