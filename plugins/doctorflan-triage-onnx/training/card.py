"""The figures of the card: README.md between two marks, written from metrics.json."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

BEGIN, END = "<!-- figures: written by training/train.py -->", "<!-- end of figures -->"
_SHOWN = (0.3, 0.4, 0.5, 0.55, 0.6, 0.7, 0.8, 0.9)


def written(card: str, metrics: Mapping[str, Any]) -> str:
    """The card with the figures of ``metrics``; unchanged where it has no place for them."""
    before, begin, rest = card.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        return card
    return f"{before}{BEGIN}\n\n{tables(metrics)}\n\n{END}{after}"


def tables(metrics: Mapping[str, Any]) -> str:
    """All tables."""
    makers = (_model, _both, _quality, _departments, _confusion, _calibration, _curve, _elsewhere)
    return "\n\n".join("\n".join(make(metrics)) for make in makers)


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield "| " + " | ".join(map(str, row)) + " |"


def _model(metrics: Mapping[str, Any]) -> Iterator[str]:
    model, data = metrics["model"], metrics["data"]
    versions = ", ".join(f"{name} {found}" for name, found in metrics["versions"].items())
    yield (
        f"Version {model['version']}, {model['bytes']:,} bytes, SHA-256 `{model['sha256']}`. "
        f"{data['rows']} rows in {data['clusters_of_near_copies']} clusters of near copies, "
        f"of which {model['rows']} rows trained the file; {model['ngrams']:,} n-grams, each in at "
        f"least {model['least_rows_of_an_ngram']} clusters; C {model['strength']:g}, temperature "
        f"{model['temperature']:.2f}, threshold {model['threshold']:.2f}; seed {metrics['seed']}. "
        f"Largest difference between the ONNX file's probabilities and scikit-learn's over "
        f"{metrics['onnx_check']['rows']} rows: {metrics['onnx_check']['largest_difference']:.1e}. "
        f"Made with {versions}."
    )


def _both(metrics: Mapping[str, Any]) -> Iterator[str]:
    found = metrics["compared"]
    model, all_rows = found["model"], metrics["rules_on_all_rows"]
    crossed = metrics["cross_validation"]
    yield "**Against the server's own triage table, the same rows in one run**"
    yield ""
    head = ["", "rows", "first right", "among three", "answers", "right where it answers"]
    both = [
        _row("this model, always answering", model, {"coverage": 1.0, "accuracy": model["top1"]}),
        _row("this model, threshold alone", model, model["by_threshold_alone"]),
        _row("this model as shipped", model, model["as_shipped"]),
        _row("triage table, 27 departments", found["rules"], found["rules"]["answered"]),
        _row(
            "triage table, only these departments",
            found["rules_of_these_departments"],
            found["rules_of_these_departments"]["answered"],
        ),
        [
            "this model, cross-validation",
            crossed["rows"],
            _share(crossed["accuracy"]),
            _share(crossed["top3"]),
            _share(1.0),
            _share(crossed["accuracy"]),
        ],
        _row("triage table, all rows", all_rows, all_rows["answered"]),
    ]
    yield from _table(head, both)


def _row(name: str, one: Mapping[str, Any], answered: Mapping[str, Any]) -> list[object]:
    shares = (one["top1"], one["top3"], answered["coverage"], answered["accuracy"])
    return [name, one["rows"], *map(_share, shares)]


def _quality(metrics: Mapping[str, Any]) -> Iterator[str]:
    head = ["", "rows", "accuracy", "top 3", "macro F1", "Brier (0 to 2)", "calibration error"]
    names = {"cross_validation": "five-fold cross-validation", "held_out": "held-out rows"}
    keys = ("accuracy", "top3", "macro_f1", "brier", "calibration_error")
    yield from _table(
        head,
        [
            [name, metrics[key]["rows"], *(f"{metrics[key][one]:.3f}" for one in keys)]
            for key, name in names.items()
        ],
    )


def _departments(metrics: Mapping[str, Any]) -> Iterator[str]:
    crossed, held = metrics["cross_validation"], metrics["held_out"]
    head = ["department", "rows", "F1, cross-validation", "held-out rows", "F1, held out"]
    yield from _table(
        head,
        [
            [
                name,
                crossed["support"][name],
                f"{crossed['f1'][name]:.2f}",
                held["support"][name],
                f"{held['f1'][name]:.2f}",
            ]
            for name in metrics["model"]["departments"]
        ],
    )


def _confusion(metrics: Mapping[str, Any]) -> Iterator[str]:
    names = metrics["model"]["departments"]
    yield "Confusion in cross-validation (rows: label, columns: prediction):"
    yield ""
    rows = zip(names, metrics["cross_validation"]["confusion"], strict=True)
    yield from _table(["", *names], [[name, *counts] for name, counts in rows])


def _calibration(metrics: Mapping[str, Any]) -> Iterator[str]:
    yield "Calibration in cross-validation, by the best probability:"
    yield ""
    bins = metrics["cross_validation"]["calibration"]
    rows = [[count, f"{mean:.2f}", f"{right:.2f}"] for count, mean, right in bins]
    yield from _table(["rows", "mean probability", "share right"], rows)


def _curve(metrics: Mapping[str, Any]) -> Iterator[str]:
    wanted = metrics["model"]["wanted_accuracy"]
    yield (
        f"Threshold on the validation rows (the lowest with {_share(wanted)} right was taken, "
        f"{metrics['model']['threshold']:.2f}):"
    )
    yield ""
    rows = [
        [f"{threshold:.2f}", _share(coverage), _share(right)]
        for threshold, coverage, right in metrics["model"]["validation_curve"]
        if threshold in {*_SHOWN, metrics["model"]["threshold"]}
    ]
    yield from _table(["threshold", "answered", "right of these"], rows)


def _elsewhere(metrics: Mapping[str, Any]) -> Iterator[str]:
    other, notes = metrics.get("other_questions"), metrics.get("notes")
    if other:
        yield (
            "Questions of another set (`cmd_samples.jsonl`), by broad department; "
            "all but 内科 are out of scope:"
        )
        yield ""
        found = {**other["departments"], "**out of scope**": other["out_of_scope"]}
        keys = ("rows", "abstained", "abstained_by_threshold_alone")
        rows = [[name, *(counts[key] for key in keys)] for name, counts in found.items()]
        yield from _table(["department", "rows", "abstains", "by the threshold alone"], rows)
    if notes:
        outcomes = ", ".join(f"{name} {count}" for name, count in notes["outcomes"].items())
        yield ""
        yield f"Notes of CMB-Clin, {notes['rows']} in all, most of them surgical: {outcomes}."


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.1f}%"
