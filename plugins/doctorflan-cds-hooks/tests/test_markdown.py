"""What a client renders holds no link, no image and no HTML, whatever a note says."""

from __future__ import annotations

import html
import re

import pytest
from doctorflan_cds_hooks.fhir.xhtml import narrative_text
from doctorflan_cds_hooks.markdown import escaped, escaped_lines, one_line
from doctorflan_cds_hooks.reading import Node
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

_GFM = MarkdownIt("gfm-like")
_CONTROL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_PIECES = st.sampled_from(
    [
        *("[a](http://x.org)", "![i](//x.org/i.png)", "<script>", "<b>", "http://x.org/a", "x.org"),
        *("www.x.org", "ftp://x.org", "a@x.org", "mailto:a@x.org", "xmpp:a@x.org/b", "# ", "1. "),
        *("12) ", "- ", "+ ", "* ", "> ", "|a|b|", "---", "===", "`", "```", "\\", "&nbsp;", "x"),
        *("~~x~~", "**x**", "__x__", "36.5", " ", "\n", "    ", "患者", "[^1]: x", "[a]: //x.org"),
        *("&#60;", "$x$", "==x=="),
    ]
)


def shown(text: str) -> str:
    """The words of rendered Markdown."""
    rendered = _GFM.render(text)
    assert not re.search(r"<(?!/?(?:p|br)\b)[^>]*>", rendered), rendered
    return html.unescape(re.sub(r"<[^>]*>", " ", rendered))


@given(st.lists(_PIECES, max_size=8).map("".join) | st.text(max_size=60))
def test_the_words_are_shown_as_they_stand(text):
    wanted = re.sub(f"[{_CONTROL}]", "\ufffd", " ".join(text.split()))
    assert shown(escaped(text)).strip() == wanted.strip()


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_lines_are_kept(text):
    lines = [line for line in (" ".join(each.split()) for each in text.splitlines()) if line]
    assert [line.strip() for line in shown(escaped_lines(text)).strip().splitlines()] == lines


def test_few_backslashes_in_a_note():
    line = "T 38.9℃，BP 136/80mmHg，复查：胸片；WBC 12.3×10^9/L。"
    assert escaped(line) == line


def test_one_line_is_cut():
    assert one_line("a\n b\u202e", 10) == "a b\ufffd"
    assert one_line("病" * 200, 139) == "病" * 138 + "…"


@pytest.mark.parametrize(
    ("div", "text"),
    [
        ("<div>a<br/>b</div>", "a\nb"),
        ("<div><p>a  b\n c</p><p>d</p></div>", "a b c\nd"),
        ("<div><pre>a\n  b</pre></div>", "a\nb"),
        (
            "<div><table><tr><td>WBC</td><td>12</td></tr><tr><td>PLT</td></tr></table></div>",
            "WBC 12\nPLT",
        ),
        ("<div><ul><li>a</li><li>b</li></ul></div>", "a\nb"),
        ("<div>T&nbsp;&gt;&nbsp;38&deg;C &#20013;</div>", "T > 38°C 中"),
        ("<x:div xmlns:x='http://www.w3.org/1999/xhtml'><x:p>a</x:p>b</x:div>", "a\nb"),
        ("<div>a<script>b</script><style>c</style><!-- d --></div>", "a"),
        ("<div><![CDATA[<b>a</b>]]></div>", "<b>a</b>"),
    ],
)
def test_narratives(div, text):
    assert narrative_text(Node(div)) == text
