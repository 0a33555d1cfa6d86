"""What of a text is found, as what, and exactly where."""

# ruff: noqa: E501  (a case is a line)
from __future__ import annotations

import pytest
from corpora import NAMES, notes_of
from hypothesis import given
from hypothesis import strategies as st

from doctorflan_ls import identifiers
from doctorflan_ls.identifiers import is_luhn
from doctorflan_ls.privacy import located, mask, policy

FULL = policy("full")

FOUND = [
    # Chinese names
    ("张三，男，45岁，因胸痛入院。", [("name", "张三")]),
    ("患者欧阳明华，女，60岁", [("name", "欧阳明华")]),
    ("患者王建国因胸痛3天入院", [("name", "王建国")]),
    ("患者王建国于今日出院", [("name", "王建国")]),
    ("李秀英女士代诉", [("name", "李秀英")]),
    ("其子张伟陪同", [("name", "张伟")]),
    ("王小明之母代述病史", [("name", "王小明")]),
    ("今日由李志强主任医师查房", [("doctor", "李志强")]),
    ("经王建国副主任医师会诊后", [("doctor", "王建国")]),
    ("主治医师王芳查房", [("doctor", "王芳")]),
    ("医师签名：李四/王五", [("doctor", "李四"), ("doctor", "王五")]),
    ("赵建国/钱志强\n", [("doctor", "赵建国"), ("doctor", "钱志强")]),
    ("护士长：赵敏", [("doctor", "赵敏")]),
    ("术者：张三 助手：李四 麻醉师：王五", [("doctor", "张三"), ("doctor", "李四"), ("doctor", "王五")]),
    # Chinese numbers
    ("身份证号：11010519491231002X", [("id_card", "11010519491231002X")]),
    ("证件 440524188001010014 已核", [("id_card", "440524188001010014")]),
    ("证件 110105194912310021 已核", [("id_card", "110105194912310021")]),
    ("老证 110105491231002", [("id_card", "110105491231002")]),
    ("电话 138-1234-5678，0571-88886666", [("phone", "138-1234-5678"), ("phone", "0571-88886666")]),
    ("传真：010-62345678", [("fax", "010-62345678")]),
    ("住院号：ZY0012345", [("record_number", "ZY0012345")]),
    ("医保卡号：A12345678", [("insurance", "A12345678")]),
    ("护照号：E12345678", [("passport", "E12345678")]),
    ("港澳通行证：H0123456789", [("passport", "H0123456789")]),
    ("卡 6222021234567890128 退费", [("bank_card", "6222021234567890128")]),
    ("卡 6222021234567890129 退费", []),
    ("车牌京A12345，粤BD12345", [("plate", "京A12345"), ("plate", "粤BD12345")]),
    ("微信号：zhang_san88", [("account", "zhang_san88")]),
    ("出生日期：1960年3月5日", [("birth_date", "1960年3月5日")]),
    ("邮编：310012", [("zip", "310012")]),
    ("起搏器序列号：PZX123456", [("device", "PZX123456")]),
    # Chinese places
    ("家住浙江省杭州市西湖区文三路12号3幢501室，", [("address", "浙江省杭州市西湖区文三路12号3幢501室")]),
    ("住四川省绵阳市。", [("address", "四川省绵阳市")]),
    ("就诊于六安市人民医院", [("hospital", "六安市人民医院")]),
    ("转至复旦大学附属华山医院", [("hospital", "复旦大学附属华山医院")]),
    ("床号：12", [("bed", "12")]),
    ("12床，患者一般情况可", [("bed", "12床")]),
    ("2024-03-05 08:30 复查，3月5日出院", [("date", "2024-03-05 08:30"), ("date", "3月5日")]),
    ("患者，女，95岁", [("age_over_89", "95岁")]),
    # English
    ("Mr. Smith denies pain. Ms. O'Brien too.", [("name", "Smith"), ("name", "O'Brien")]),
    ("Dr. Jane Doe saw him.", [("doctor", "Jane Doe")]),
    ("Attending: Alice Kowalski", [("doctor", "Alice Kowalski")]),
    ("Reviewed with Alice Kowalski, MD today", [("doctor", "Alice Kowalski")]),
    ("Andrew Perez is a 62-year-old male", [("name", "Andrew Perez")]),
    ("My name is Rubija", [("name", "Rubija")]),
    ("seen with Krisztián Szöllösy", [("name", "Krisztián Szöllösy")]),
    ("lives at 12 Main Street, Springfield, IL 62701", [("address", "12 Main Street, Springfield, IL 62701")]),
    ("my zip code is 35350", [("zip", "35350")]),
    ("He is 93 years old; she is a 91-year-old", [("age_over_89", "93 years old"), ("age_over_89", "91-year-old")]),
    ("on July 31, 2008 and 03/04/2021", [("date", "July 31, 2008"), ("date", "03/04/2021")]),
    ("SSN: 123-45-6789", [("ssn", "123-45-6789")]),
    ("MRN: A-12345", [("record_number", "A-12345")]),
    ("Fax: 555-123-4567", [("fax", "555-123-4567")]),
    ("his driver's license number is F162823540116", [("licence", "F162823540116")]),
    ("card 4111111111111111", [("bank_card", "4111111111111111")]),
    ("paid with 4111 1111 1111 1111 today", [("bank_card", "4111 1111 1111 1111")]),
    ("IBAN GB82WEST12345698765432", [("bank_account", "GB82WEST12345698765432")]),
    ("from 106.31.73.20 to https://a.example/x?y=1", [("ip", "106.31.73.20"), ("url", "https://a.example/x?y=1")]),
    ("VIN 1HGCM82633A004352", [("vehicle", "1HGCM82633A004352")]),
    ("at Springfield General Hospital", [("hospital", "Springfield General Hospital")]),
    ("employed by Wayland Widget Corporation", [("organization", "Wayland Widget Corporation")]),
    ("mail j.doe@x.org", [("email", "j.doe@x.org")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_what_is_found_is_named_and_bounded(text, expected):
    found = [(each.kind, text[each.start : each.end]) for each in located([text], FULL)[0]]
    assert found == expected


def test_a_found_name_is_found_again():
    text = "张三丰，男，45岁。\n查房：张三丰诉胸痛，张三丰之子在场。"
    assert len(located([text], FULL)[0]) == 3


def test_full_width_signs_move_nothing():
    text = "姓名：张三　电话：１３８１２３４５６７８。"
    assert [text[each.start : each.end] for each in located([text], FULL)[0]] == [
        "张三",
        "１３８１２３４５６７８",
    ]


PROFILES = [
    ("network", "于2024年3月5日，95岁，12床", "于2024年3月5日，95岁，12床"),
    ("network", "就诊于六安市人民医院", "就诊于[医院1]"),
    ("patient", "2024-03-05由李志强主任医师查房", "2024-03-05由李志强主任医师查房"),
    ("patient", "患者王建国因胸痛", "患者[姓名1]因胸痛"),
    ("safe-harbor", "于2024年3月5日，95岁", "于2024年，90岁以上"),
    ("safe-harbor", "3月5日出院", "[日期1]出院"),
    ("safe-harbor", "a 95-year-old, born; seen 03/04/2021", "a 90+, born; seen 2021"),
    ("full", "于2024年3月5日", "于[日期1]"),
]


@pytest.mark.parametrize(("profile", "text", "expected"), PROFILES)
def test_a_profile_says_what_is_masked(profile, text, expected):
    assert mask([text], policy(profile)).texts == (expected,)


def test_what_is_kept_stays():
    text = "于2024年3月5日就诊于六安市人民医院，电话13812345678"
    kept = mask([text], policy("full", ["date", "hospital"])).texts[0]
    assert kept == "于2024年3月5日就诊于六安市人民医院，电话[电话1]"


@given(st.text(max_size=80))
def test_spans_are_in_order_and_in_the_text(text):
    end = 0
    for each in located([text], FULL)[0]:
        assert end <= each.start < each.end <= len(text)
        assert each.kind in identifiers.kinds()
        end = each.end


@given(st.from_regex(r"[1-9][0-9]{14,17}", fullmatch=True))
def test_one_digit_in_ten_is_the_check_digit(body):
    assert sum(is_luhn(body + str(digit)) for digit in range(10)) == 1


@pytest.mark.parametrize(
    "text",
    ["张" * 100_000, "省市区县路" * 20_000, "Aa " * 60_000, "医院" * 60_000, "1 A " * 50_000, "John " * 40_000, "患者" * 60_000],
)  # fmt: skip
def test_hostile_texts_are_read_to_their_end(text):
    assert all(0 <= each.start < each.end <= len(text) for each in identifiers.find(text))


# Read through by hand: everything found there is what it is taken for.
ALLOWED = {
    "CMB-Clin": {"name": 2, "hospital": 1},
    "MTCMB-TCM": {"age_over_89": 1},
    "TCM-CHGD": {},
    "PriMock57": {"url": 2},
}


@pytest.mark.data
@pytest.mark.parametrize("corpus", ALLOWED)
def test_real_notes_without_names_stay_as_they_are(corpus):
    found = {
        (each.kind, note[each.start : each.end])
        for note in notes_of(corpus)
        for each in located([note], FULL)[0]
        if each.kind != "date"
    }
    counts = {kind: sum(each == kind for each, _ in found) for kind, _ in found}
    assert counts == ALLOWED[corpus]
    assert corpus in NAMES
