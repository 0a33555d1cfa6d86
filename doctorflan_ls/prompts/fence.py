"""A note as data in a conversation: nothing in it can end its fence, open a turn or end a draft.

What is replaced keeps its length and looks alike; what no reader sees (control characters, zero
width, direction marks) is taken away.
"""

from __future__ import annotations

import re
import unicodedata

_ALIKE = str.maketrans("<>|[]{}〔〕=#:：", "‹›¦［］｛｝［］－＃∶∶")
# A surrogate has no UTF-8, and a private or unassigned character no meaning.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# ESC [ ... letter, and ESC ] ... BEL or ESC \: what a terminal obeys.
_TERMINAL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b\n]{0,500}(?:\x07|\x1b\\)"
)
# The marks by which chat templates part turns: ChatML, Llama 2 and 3, Mistral, Gemma, Phi, GLM,
# DeepSeek, Alpaca, Vicuna; and the tags that this project's and the dataset's prompts use.
_CONTROL = re.compile(
    r"<[|｜][^<>\n]{0,60}[|｜]?>"
    r"|</?(?:s|bos|eos|pad|unk|mask|sep|cls|start_of_turn|end_of_turn|think|tool_call|tool_response"
    r"|tools?|function|function_call|system|user|assistant|im_start|im_end|reserved_\w{1,20}"
    r"|病例描述|书本知识|case description)(?:\s[^<>\n]{0,40})?/?>"
    r"|<</?SYS>>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]"
    r"|\[(?:gMASK|sMASK|MASK|BOS|EOS|UNK|SEP|CLS|PAD)\]"
    r"|^[ \t]*#{1,6}[ \t]*(?:instructions?|response|input|system|user|assistant|human)\b"
    r"|^[ \t]*(?:system|assistant|user|human)[ \t]*[:：]"
    r"|={5,}"
    r"|〔[^〔〕\n]{0,400}〕|[〔〕]",
    re.IGNORECASE | re.MULTILINE,
)


def seen(text: str) -> str:
    r"""``text`` without what no reader sees; line ends are ``\n``, tabs stay."""
    text = _LINE_ENDS.sub("\n", _TERMINAL.sub("", text))
    # Nearly every text is free of them, and this is the fastest way to know.
    if text.isprintable():
        return text
    return "".join(
        char for char in text if char in "\n\t" or unicodedata.category(char) not in _UNSEEN
    )


def harmless(text: str) -> str:
    """``text`` as data: what a template or the fence would take for its own is only alike."""
    return _CONTROL.sub(lambda found: found[0].translate(_ALIKE), seen(text))


__all__ = ["harmless", "seen"]
