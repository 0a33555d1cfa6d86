"""A tiny Llama with random weights, as the folder such a model comes in."""

import json
from dataclasses import replace

from made_tokenizers import byte_level

from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.tasks.model import Bilingual

CONTEXT = 1024
MANIFEST = Manifest(
    id="tiny-llama",
    version="1",
    kind="transformers",
    licence="MIT",
    source="test",
    languages=("zh", "en"),
    description=Bilingual("测试", "test"),
    limits=Bilingual("测试", "test"),
    digest="0" * 64,
)


def tiny_llama(folder, **changed):
    """Save one; it only says tokens that are whole characters, and never ends by itself."""
    import torch  # noqa: PLC0415 - optional
    import transformers  # noqa: PLC0415 - optional

    byte_level(folder)
    backend = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    vocabulary = {**backend["model"]["vocab"], "<tool_call>": len(backend["model"]["vocab"])}
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        bos_token_id=1,
        eos_token_id=2,
        tie_word_embeddings=False,
        **changed,
    )
    torch.manual_seed(3)
    model = transformers.LlamaForCausalLM(config)
    with torch.no_grad():
        model.lm_head.weight.mul_(40)
        for parameter in (p for n, p in model.named_parameters() if "self_attn" in n):
            parameter.mul_(20)
        for text, token in vocabulary.items():
            if not (text.isascii() and text.isalnum()):
                model.lm_head.weight[token] = 0
    model.save_pretrained(folder)
    return folder


def manifest(**changed):
    return replace(MANIFEST, **changed)
