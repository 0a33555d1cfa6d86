"""The code of a diagnosis as it stands in a note."""

import pytest
from doctorflan_icd10.stated import code_of, stated

from doctorflan_ls.notes.note import parse_note


def _codes(text):
    note = parse_note(text)
    return [(fact.text, code_of(note, fact)) for fact in stated(note)]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("肺炎", "J18.9"),
        ("左侧肺炎", "J18.9"),
        ("支原体肺炎", "J15.7"),
        ("重度脂肪肝", "K76.0"),
        ("高血压2级", "I10"),
        ("胰腺癌T3N0M0", "C25.9"),
        ("慢性肾脏病3期", "N18.3"),
        ("先天性白内障", None),
        ("放射性肺炎", None),
        ("胃癌术后", None),
        ("不完全性右束支传导阻滞", None),
        ("粉碎性骨折", None),
    ],
)
def test_chinese(line, code):
    ((_, found),) = _codes(f"初步诊断：\n1. {line}\n")
    assert found == code


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Pneumonia.", "J18.9"),
        ("Strep throat.", "J02.0"),
        ("Kidney stones.", "N20.0"),
        ("NSTEMI", "I21.4"),
        ("Right proximal humerus fracture.", None),
        ("Neonatal jaundice.", "P59.9"),
        ("Drug-induced hepatitis.", None),
        ("Breast cancer screening.", None),
    ],
)
def test_english(line, code):
    ((_, found),) = _codes(f"ASSESSMENT:\n1. {line}\n")
    assert found == code


def test_what_the_patient_does_not_have_now_is_not_stated():
    text = "既往史：高血压10年，否认糖尿病。\n家族史：父亲肺癌。\n初步诊断：肺炎\n"
    assert _codes(text) == [("肺炎", "J18.9")]
