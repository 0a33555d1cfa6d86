"""From a finished run to a model folder: merged, exported, held against its source, tried."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from doctorflan_ls.drafts import Draft
from doctorflan_ls.engine import Engine, Job
from doctorflan_ls.errors import BadRequest, ModelUnavailable
from doctorflan_ls.export import Progress, Quantisation, export_hf
from doctorflan_ls.export.folder import staged
from doctorflan_ls.export.tokenizer_files import copy_tokenizer
from doctorflan_ls.i18n import Locale
from doctorflan_ls.models.base import Sampling
from doctorflan_ls.models.folders import manifest as manifests
from doctorflan_ls.models.folders.manifest import Manifest
from doctorflan_ls.models.folders.store import folder_model
from doctorflan_ls.notes.note import parse_note
from doctorflan_ls.prompts import Prompt
from doctorflan_ls.tasks.model import Bilingual
from doctorflan_ls.tasks.registry import get_task
from doctorflan_ls.text import Span
from doctorflan_ls.tuning.base import digest_of, load_weights, quiet_libraries
from doctorflan_ls.tuning.record import RECORD_FILE, RESULT, Record, read_record

TUNING_FILE = "tuning.json"
_NOTES: dict[Locale, str] = {"zh": "zh-chest-pain.txt", "en": "en-copd.txt"}
_TASK = "differential-diagnosis"
_TOKENS = 64
# What merging in float32 may change of the logits' Kullback-Leibler divergence, in nats.
_MERGED = 1e-4
_PROBE = 96


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is made of a run."""

    id: str
    version: str
    description: Bilingual
    limits: Bilingual
    quantisation: Quantisation = "int8"
    replace: bool = False


def export_run(run: Path, base: Path, out: Path, wanted: Wanted, progress: Progress) -> Manifest:
    """Write the model folder ``out`` from the finished run in ``run``; ``base`` is its base.

    The matrices are merged into the base in float32 and held against it unmerged; the graph is held
    against the merged model by logits and token by token; then the engine makes one draft with it.
    Where any of this fails there is no ``out``. Raises BadRequest or ModelUnavailable.
    """
    record = read_record(run)
    if record.table["state"] != "finished":
        raise BadRequest("tune.not-finished", folder=run)
    if digest_of(base) != record.table["base"]["weights_sha256"]:
        raise BadRequest("tune.other-base", base=base)
    languages = tuple(record.table["config"]["base"]["languages"])
    size = sum(path.stat().st_size for path in base.glob("*.safetensors"))
    with (
        staged(out, needed=3 * size, replace=wanted.replace) as stage,
        tempfile.TemporaryDirectory(dir=stage) as spare,
    ):
        progress("merge", 0)
        merged = Path(spare, "merged")
        with quiet_libraries():
            merge(run, base, merged)
        made = Path(spare, "model")
        manifest = export_hf(
            merged,
            made,
            id=wanted.id,
            version=wanted.version,
            licence=record.table["base"]["licence"],
            source_url=_source(record),
            languages=languages,
            description=wanted.description,
            limits=wanted.limits,
            quantisation=wanted.quantisation,
            verify=True,
            progress=progress,
        )
        progress("draft", 0)
        shutil.copyfile(run / RECORD_FILE, made / TUNING_FILE)
        manifest = dataclasses.replace(manifest, files=manifests.hashed(made))
        manifest = manifests.write(made, manifest)
        for language in languages:
            try_draft(made, language)
        for path in made.iterdir():
            path.rename(stage / path.name)
    return manifest


def _source(record: Record) -> str:
    table = record.table
    method, data = table["config"]["method"]["kind"], table["data"]
    return (
        f"{table['base']['name']} tuned ({method}) on {data['learn']['rows']} rows "
        f"sha256 {data['sha256'][:12]}"
    )


def merge(run: Path, base: Path, out: Path) -> None:
    """Write a run's result as one Hugging Face folder in float32.

    Raises ModelUnavailable where the merged model departs from the unmerged one.
    """
    result = run / RESULT
    out.mkdir()
    copy_tokenizer(base, out)
    if not (result / "adapter_config.json").is_file():
        model = load_weights(result)
    else:
        import peft  # noqa: PLC0415

        try:
            model = peft.PeftModel.from_pretrained(
                load_weights(base), str(result), local_files_only=True
            )
        except Exception as error:  # noqa: BLE001  (safetensors' own has no public base)
            kind = type(error).__name__
            raise ModelUnavailable("export.broken-file", at=result, problem=kind) from None
        before = _probe(model)
        model = model.merge_and_unload()
        parted = _divergence(before, _probe(model))
        if not parted <= _MERGED:
            raise ModelUnavailable("tune.merge-differs", kl=f"{parted:.6f}", bound=_MERGED)
    model.config.use_cache = True
    model.save_pretrained(out)


def _probe(model: Any) -> Any:
    """Log probabilities over tokens of all the vocabulary, in one reading."""
    import torch  # noqa: PLC0415

    size = int(model.config.vocab_size)
    ids = torch.arange(_PROBE) * 7919 % size
    with torch.no_grad():
        return model.eval()(input_ids=ids[None], use_cache=False).logits[0].float().log_softmax(-1)


def _divergence(wanted: Any, found: Any) -> float:
    return float((wanted.exp() * (wanted - found)).sum(-1).mean())


def try_draft(folder: Path, language: Locale) -> Draft:
    """One draft by the model in ``folder`` over an example note, made as the server makes it.

    Raises the DoctorFlanError that stopped it, and ModelUnavailable for an empty one.
    """
    source = files("doctorflan_ls").joinpath("examples", _NOTES[language])
    note = parse_note(source.read_text(encoding="utf-8"))
    prompt = Prompt(get_task(_TASK), note, Span(0, len(note.text)), language)
    listed = folder_model(folder)
    engine = Engine(lambda _model, options: listed.load(options))
    try:
        job = Job(_TASK, prompt, listed.spec.id, sampling=Sampling(max_tokens=_TOKENS))
        draft = engine.run_sync(job)
    finally:
        engine.close()
    if draft.failure is not None:
        raise draft.failure
    if not draft.text.strip():
        raise ModelUnavailable("tune.no-draft", model=listed.spec.id)
    return draft
