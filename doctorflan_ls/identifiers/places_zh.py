"""Chinese addresses, hospitals and beds that no label introduces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from doctorflan_ls.identifiers.found import HAN, Found
from doctorflan_ls.identifiers.tables import any_of, names

_HOSPITAL = re.compile(
    rf"(?P<head>{HAN}{{1,24}}?)"
    r"(?P<kind>附属医院|医院|卫生院|卫生服务中心|卫生服务站|保健院|诊所|门诊部|疗养院)(?!感染|等级|获得|内|外)"
    rf"(?P<more>(?:{HAN}{{1,4}}院区|[东南西北]院)?)"
)
# What a clause has before the name of a hospital.
_LEADS = re.compile(
    r"就诊于|住院于|转诊至|转诊到|转入|转至|转到|转往|送至|送到|送往|送入|来自|前往|求治于|治疗于|收住|收入|于|至|到|在|由|从|赴|去|入"
    r"|经|被|曾|后|又|再|往|为|向|请|诊|送|我|【|该|邀"
)
_BED = re.compile(
    r"(?<![\d.年月日第共设张近约])\+?\d{1,3}\+?床(?![旁边单位数垫上头次均铺日])|(?<=床位)\d{1,3}(?!\d)"
)


def chinese_places(text: str) -> Iterator[Found]:
    """Addresses of two levels and more, hospitals with a name, beds; of a half-width text."""
    for found in _address().finditer(text):
        start = found.start("place")
        if _levels(found["place"]) >= 2:
            yield Found(start, found.end("place"), "address")
    for found in _HOSPITAL.finditer(text):
        head = found["head"]
        start = found.start() + _after_lead(head)
        if _is_named(text[start : found.end("head")]):
            yield Found(start, found.end(), "hospital")
    for found in _BED.finditer(text):
        yield Found(*found.span(), "bed")


def _after_lead(head: str) -> int:
    """Where the name begins in the characters before 医院."""
    place = _place_start().search(head)
    last = 0
    for lead in _LEADS.finditer(head, 0, place.start() if place else len(head)):
        last = lead.end()
    return place.start() if place and last == 0 else last


def _is_named(head: str) -> bool:
    """False for 当地县人民: nothing but words that any hospital is called by."""
    return bool(head) and not _generic().fullmatch(head) and len(head) >= 2


@cache
def _generic() -> re.Pattern[str]:
    return re.compile(f"(?:{any_of(names('places_zh')['generic'])})*")


@cache
def _place_start() -> re.Pattern[str]:
    data = names("places_zh")
    return re.compile(any_of([*data["provinces"], *data["cities"], *data["hospitals"]]))


_LEVEL = re.compile(
    r"省|自治区|市|自治州|地区|[区县旗州]|街道|[镇乡村]|[路街巷弄]|大道|胡同|小区|社区|花园|家园|公寓"
    r"|\d+[号栋幢楼室组队弄户]|单元"
)


def _levels(place: str) -> int:
    """How many levels an address names; a province may stand without its 省."""
    known = re.match(any_of(names("places_zh")["provinces"]), place)
    bare = known is not None and place[known.end() : known.end() + 1] not in {"省", "市"}
    return len(_LEVEL.findall(place)) + bare


@cache
def _address() -> re.Pattern[str]:
    data = names("places_zh")
    cities = any_of(data["cities"])
    zone = r"(?:壮族|回族|维吾尔)?自治区"
    province = f"(?:{any_of(data['provinces'])})(?:省|市|{zone})?"
    # No name of a place holds them; what stands before an address does.
    never = "省市区县镇乡路街巷住在于居到至从往来及或和与的等未曾"
    word = f"(?:(?![{never}村]|风险|周边){HAN})"
    street = f"(?:(?![{never}]|风险|周边){HAN})"
    city = f"(?:(?:{cities})市?|{word}{{1,6}}(?:市|自治州|地区|盟))"
    county = f"{word}{{1,6}}(?:自治县|自治旗|新区|开发区|[区县市旗])"
    town = f"{word}{{1,6}}(?:街道|[镇乡])"
    road = f"{street}{{1,8}}(?:大道|大街|胡同|[路街巷弄])(?:[东西南北中]段)?"
    kinds = "小区|社区|花园|家园|花苑|公寓|大厦|新村|苑|村|屯|庄"
    estate = f"(?:[A-Za-z0-9]|{HAN}){{1,8}}?(?:{kinds})"
    units = "号楼|号院|号|栋|幢|楼|弄|单元|组|队|户|室|层"
    number = rf"\d{{1,5}}(?:-\d{{1,4}})?(?:{units})(?:[A-Za-z]座)?"
    tail = f"(?:附?{number}|[一二三四五六七八九十]+(?:组|队|单元|号楼)|[东西南北]区)"
    room = r"(?:\d{3,4}室?(?!\d))?"
    chain = f"(?:{town})?(?:{road})?(?:{estate})?(?:{tail}[,， ]?){{0,6}}{room}"
    lives = r"(?:(?<=住)|(?<=住在)|(?<=住于)|(?<=来自)|(?<=[\s,。;:(]))"
    return re.compile(
        f"(?P<place>{province}(?:{city})?(?:{county})?{chain}"
        f"|(?:{cities})市?{county}{chain}"
        f"|{lives}(?:{city})?{county}(?:{town}|{road}|{estate}){chain}"
        f"|(?:{lives}|(?<=[在至到]))(?:{road}|{estate})(?:{tail}){{1,5}}{room})(?<![,， ])"
    )
