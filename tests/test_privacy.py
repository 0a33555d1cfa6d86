"""Identifiers are taken out, put back exactly, and medicine is left alone."""

from __future__ import annotations

import itertools

import pytest
from corpora import NAMES, notes_of
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls.identifiers import is_identity
from doctorflan_ls.privacy import mask

# The text, and what must not stand in it any more.
MASKED = [
    ("姓名：张三 性别：男 年龄：45岁\n患者张三，因胸痛入院。张三病情稳定，张三术后3天。", ["张三"]),
    ("姓　名：欧阳娜娜，女，30岁", ["欧阳"]),
    ("姓名：阿卜杜拉·买买提 民族：维吾尔族", ["阿卜杜拉", "买买提"]),
    ("姓名 李四 性别 男", ["李四"]),
    ("姓名：张三男45岁", ["张三"]),
    ("姓名：张三性别：男", ["张三"]),
    ("患者姓名：张三先生。张三自诉胸痛", ["张三"]),
    ("患者姓名：张三因胸痛3天入院。张三自诉", ["张三"]),
    ("姓名：张 三 性别：男", ["张 三"]),
    ("**姓名**：王小明\n**年龄**：5岁\n王小明之母", ["王小明"]),
    ('{"姓名": "王小明", "年龄": 5}', ["王小明"]),
    ("联系人：李四（配偶），联系电话：13812345678", ["李四", "13812345678"]),
    ("姓名：马凡 男\n马凡诉胸痛，马凡综合征？", ["马凡诉", "：马凡"]),
    ("住院号：0012345\n门诊号:M-20240101，检查号 20240101001", ["0012345", "20240101"]),
    ("身份证号：11010519491231002X", ["11010519491231002X", "1949"]),
    ("证件 440524188001010014 已核", ["440524188001010014"]),
    ("证件 110105 19491231 002X 已核", ["19491231"]),
    ("身份证１１０１０５１９４９１２３１００２Ｘ", ["１９４９"]),
    ("老证 110105491231002", ["110105491231002"]),
    ("电话：010-62345678转801，+86 138 1234 5678", ["62345678", "1234 5678"]),
    ("家属手机13912345678，0571-88886666", ["13912345678", "88886666"]),
    ("微信号：zhang_san，邮箱zhang.san@163.com.cn", ["zhang_san", "zhang.san"]),
    ("家庭住址：北京市朝阳区建国路1号，2单元301室，因胸痛入院", ["建国路", "301"]),
    ("出生日期：1960年3月5日 性别：男", ["1960", "3月5日"]),
    ("医保卡号 A12345678", ["A12345678"]),
    ("Name: John Smith  DOB: 03/05/1960 MRN: A-12345\nMr. Smith denies pain. JOHN SMITH.",
     ["Smith", "SMITH", "John", "1960", "12345"]),
    ("Patient Name: Smith, John A. Age: 45\nSmith's pain", ["Smith", "John"]),
    ("NAME: JANE DOE\nJane was seen. Doe, J.", ["JANE", "DOE", "Jane", "Doe"]),
    ("Patient: John Smith, 45-year-old man. Smith denies pain.", ["Smith"]),
    ("Date of Birth: March 5, 1960; SSN: 123-45-6789", ["March 5", "6789"]),
    ("Address: 12 Main St. Springfield, IL 62701\nPhone: (555) 123-4567",
     ["Main", "Springfield", "62701", "123-4567"]),
    ("Medical Record Number 00451234. Call 555-123-4567, j.doe@x.org",
     ["00451234", "4567", "j.doe"]),
    ("MRN 445123, Insurance ID: XJ-88 123, Policy No: 99817", ["445123", "XJ-88", "99817"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "secrets"), MASKED)
def test_identifiers_are_taken_out_and_put_back(text, secrets):
    masked = mask([text])
    for secret in secrets:
        assert secret in text
        assert secret not in masked.texts[0]
    assert masked.restore(masked.texts[0]) == text
    assert masked.advice


KEPT = [
    "BNP 13800 pg/ml，BP 138/80mmHg，T 36.5℃，血小板 1380000000/L",
    "马凡综合征，王Murphy征阴性，何杰金淋巴瘤，张力性气胸，白细胞 12.5×10^9/L",
    "患者张X，李某诉胸痛",
    "姓名：张** 性别：男",
    "姓名：不详 住院号：无",
    "于2024年3月5日入院，2024-03-05 08:30 复查",
    "电话随访3个月，手机支架固定，地址不详",
    "身份证未带，住院号待补，检查号见附页",
    "姓名：[填写]\n年龄：",
    "Drug Name: Aspirin 81 mg daily. Test Name: CBC. Brand name: Lipitor",
    "Doctor: Hello. Patient: Yes, I have had pain since Monday.\nPatient: Well, no.",
    "Name: unknown\nGFR 138, WBC 4500/ul, ratio 0.012-3456",
    "患者50岁，于3天前在当地卫生院就诊，田间劳动时发病",
    "Medicare patient with cell count 12345 and phone follow-up in 2 weeks",
]


@pytest.mark.parametrize("text", KEPT)
def test_medicine_is_left_alone(text):
    masked = mask([text])
    assert masked.texts == (text,)
    assert not masked.advice


def test_the_same_value_has_one_placeholder_in_every_text():
    first, second = mask(["姓名：张三", "张三，男"]).texts
    assert first == "姓名：[姓名1]"
    assert second == "[姓名1]，男"


def test_a_placeholder_that_stands_in_the_text_is_not_given():
    text = "姓名：张三。[姓名1]与[姓名2]"
    masked = mask([text])
    assert masked.texts[0] == "姓名：[姓名3]。[姓名1]与[姓名2]"
    assert masked.restore(masked.texts[0]) == text


def test_the_originals_are_not_shown():
    assert "张三" not in repr(mask(["姓名：张三"]))


labels = st.sampled_from(
    [
        "姓名：",
        "住院号：",
        "Name: ",
        "MRN: ",
        "电话：",
        "DOB: ",
        "地址：",
        "[姓名1]",
        "\n",
        "，",
        " ",
    ]
)
words = st.sampled_from(
    [
        "张三",
        "John Smith",
        "13812345678",
        "11010519491231002X",
        "A-123",
        "胸痛3天",
        "1960-01-02",
        "[",
    ]
)
texts = st.lists(st.one_of(labels, words, st.text(max_size=6)), max_size=25).map("".join)


@given(st.lists(texts, max_size=3))
def test_restoring_gives_the_text_back(given_texts):
    masked = mask(given_texts)
    assert [masked.restore(text) for text in masked.texts] == given_texts


@given(texts, st.data())
def test_pieces_are_restored_as_the_whole(text, data):
    masked = mask([text])
    sent = masked.texts[0]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=8)))
    edges = [0, *cuts, len(sent)]
    restorer = masked.restorer()
    pieces = [restorer.push(sent[a:b]) for a, b in itertools.pairwise(edges)]
    assert "".join(pieces) + restorer.finish() == text


def test_no_text_is_held_that_is_certain():
    restorer = mask(["姓名：张三"]).restorer()
    pieces = ("诊断[", "姓", "名1", "]好", "[肺", "炎", "[姓名1]")
    assert [restorer.push(piece) for piece in pieces] == [
        "诊断", "", "", "张三好", "[肺", "炎", "张三",
    ]  # fmt: skip


@given(st.from_regex(r"[1-8][0-9]{16}[0-9X]", fullmatch=True))
def test_the_check_digit(number):
    total = sum(int(digit) * 2 ** (17 - at) for at, digit in enumerate(number[:17]))
    last = (total + (10 if number[17] == "X" else int(number[17]))) % 11
    if last == 1:
        assert is_identity(number)


def test_a_mistyped_card_still_tells_who_it_is():
    assert is_identity("110105194912310021")
    assert not is_identity("110105999999990021")


def test_large_texts_made_to_take_long_come_back():
    hostile = [
        "姓 " * 100_000,
        "0" * 300_000,
        "a." * 150_000 + "@",
        "Name: " * 50_000,
        "138-" * 70_000,
    ]
    for text in hostile:
        masked = mask([text])
        assert masked.restore(masked.texts[0]) == text


@pytest.mark.data
@pytest.mark.parametrize("corpus", NAMES)
def test_real_notes_come_back(corpus):
    for note in notes_of(corpus)[:200]:
        masked = mask([note])
        assert masked.restore(masked.texts[0]) == note
