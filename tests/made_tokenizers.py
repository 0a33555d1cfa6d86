"""Small tokenizers of the two usual forms, trained here, as folders like those models come in."""

import json
from pathlib import Path

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)

from doctorflan_ls.models.base import Message

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
# Refuses a system message and trims what it is given, as several do.
INST = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + message['content'] | trim + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] | trim + eos_token }}"
    "{% else %}{{ raise_exception('no system: ' + message['content']) }}{% endif %}{% endfor %}"
)
WORDS = [
    "患者，男，65岁，咳嗽发热3天，体温38.5℃。诊断：肺炎？胃炎。",
    "The patient is a 65-year-old man with a cough and fever for three days.",
    "Differential diagnosis: pneumonia, bronchitis, COPD. Plan: chest X-ray.",
]


def byte_level(folder: Path, template: str = CHATML) -> Path:
    """Byte-level BPE, as GPT-2's, Qwen's and Llama 3's."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(WORDS, trainer)
    backend.add_tokens([AddedToken("<tool_call>", special=False, normalized=False)])
    return _saved(folder, backend, template, bos="<|im_start|>", eos="<|im_end|>")


def byte_fallback(folder: Path, template: str = INST) -> Path:
    """BPE with ``▁`` for spaces and bytes for the rest, as sentencepiece's and Llama 2's."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁"]
    pieces += [*sorted(set("".join(WORDS[1:])) - {" "}), "患", "者", "▁t", "▁p", "th"]
    backend = Tokenizer(
        models.BPE(
            {piece: index for index, piece in enumerate(dict.fromkeys(pieces))},
            [("▁", "t"), ("▁", "p"), ("t", "h")],
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    backend.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    backend.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    backend.add_special_tokens(["<unk>", "<s>", "</s>"])
    return _saved(folder, backend, template, bos="<s>", eos="</s>")


def _saved(folder: Path, backend: Tokenizer, template: str, bos: str, eos: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    backend.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": bos,
        "eos_token": {"__type": "AddedToken", "content": eos},
        "unk_token": backend.id_to_token(0),
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    (folder / "chat_template.jinja").write_text(template, "utf-8")
    return folder


def user(text: str) -> list[Message]:
    """A conversation of one question."""
    return [Message("user", text)]
