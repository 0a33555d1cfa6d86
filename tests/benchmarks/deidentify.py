"""Recall and precision of the identifiers, by type: ``python -m tests.benchmarks.deidentify``.

English: the sentences of Presidio's synthetic set, beside the checkout. Chinese: 240 notes that are
made here from word lists of their own, with traps. A span counts as found where all its letters are
masked, whatever the type; what is found is right where it touches a span.
"""

# ruff: noqa: E501, SIM905, T201  (a script; a template is a line)
from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from doctorflan_ls.privacy import located, policy

PRESIDIO = Path(__file__).resolve().parents[3] / "shared/data/Presidio-synth-PII/synth_v2.jsonl"
# Classes that are no identifiers under 164.514, or none of their own.
NOT_ASKED = {"TITLE", "AGE", "NRP"}
FULL = policy("full")


class Text(NamedTuple):
    text: str
    spans: tuple[tuple[int, int, str], ...]


class Score:
    """Counts by type."""

    def __init__(self) -> None:
        self.wanted: Counter[str] = Counter()
        self.covered: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.missed: dict[str, list[str]] = {}
        self.wrong: dict[str, list[str]] = {}

    def add(self, case: Text) -> None:
        """Hold what is found against what is there."""
        found = located([case.text], FULL)[0]
        masked = {at for each in found for at in range(each.start, each.end)}
        for start, end, kind in case.spans:
            self.wanted[kind] += 1
            letters = [at for at in range(start, end) if case.text[at].isalnum()]
            if all(at in masked for at in letters):
                self.covered[kind] += 1
            else:
                self.missed.setdefault(kind, []).append(case.text[max(0, start - 12) : end + 6])
        real = {at for start, end, _ in case.spans for at in range(start, end)}
        for each in found:
            self.found[each.kind] += 1
            if any(at in real for at in range(each.start, each.end)):
                self.right[each.kind] += 1
            else:
                self.wrong.setdefault(each.kind, []).append(case.text[each.start : each.end])

    def show(self, title: str, examples: int) -> None:
        """Print the figures, and what was missed and wrong."""
        print(f"\n{title}")
        for kind, of in self.wanted.most_common():
            print(
                f"  recall    {kind:16}{self.covered[kind]:5} / {of:<5} {self.covered[kind] / of:6.1%}"
            )
            for each in self.missed.get(kind, [])[:examples]:
                print(f"      missed {each!r}")
        for kind, of in self.found.most_common():
            print(
                f"  precision {kind:16}{self.right[kind]:5} / {of:<5} {self.right[kind] / of:6.1%}"
            )
            for each in self.wrong.get(kind, [])[:examples]:
                print(f"      wrong {each!r}")
        wanted, found = self.wanted.total(), self.found.total()
        print(
            f"  all: recall {self.covered.total() / wanted:.1%}, precision {self.right.total() / found:.1%}"
        )


def presidio() -> Iterable[Text]:
    """Presidio's sentences without the classes that are not asked for."""
    with PRESIDIO.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            spans = [(each["start"], each["end"], each["type"]) for each in row["spans"]]
            asked = [each for each in spans if _is_asked(row["text"][each[0] : each[1]], each[2])]
            yield Text(row["text"], tuple(asked))


def _is_asked(value: str, kind: str) -> bool:
    """A year and a day of the week are no dates under 164.514."""
    return kind not in NOT_ASKED and not (
        kind == "DATE_TIME" and (value.isalpha() or len(value) == 4)
    )


# The generator's own words: none of them is read from the detector's lists.
FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
FIRST = "伟 芳 娜 秀英 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀兰 霞 平 刚 桂英 玉兰 建华 志强 淑珍 桂芳 海燕 永福 德胜 长贵 凤英 春梅 玉梅 金凤 子轩 梓涵 浩宇 欣怡 诗涵 宇航 思远 雨桐 一诺 奕辰 可馨 若曦 佳琪 立军 国栋 宝玉 学文 振华 庆丰 守信 克勤 兆林 广才 殿臣 炳坤 婉婷 舒雅 楚楚 筱雨 湘云 婧 昱 骞 喆 珺 璟雯 甄妮 翀 弋 祎 睿哲 钰 晟睿 沁 颖异 炜 烨磊 晟 祺".split()
PLACES = [
    "广东省深圳市南山区科技园南路{n}号{b}栋{r}室",
    "湖南省长沙市岳麓区麓山路{n}号",
    "北京市海淀区中关村大街{n}号院{b}号楼{u}单元{r}室",
    "山东省临沂市沂水县马站镇东李家村{n}号",
    "四川省绵阳市涪城区临园路东段{n}号",
    "上海市浦东新区张杨路{n}弄{b}号{r}室",
    "河南省驻马店市上蔡县黄埠镇大王村{b}组",
    "重庆市渝北区龙溪街道红锦大道{n}号",
    "新疆维吾尔自治区喀什地区莎车县米夏镇{b}村",
    "江苏省南通市崇川区人民中路{n}号翠湖花园{b}幢{r}室",
    "吉林省四平市铁东区北一马路{n}号",
    "福建省泉州市晋江市陈埭镇江头村{n}号",
]
HOSPITALS = [
    "长沙市第三医院",
    "山东大学齐鲁医院",
    "浙江省立同德医院",
    "南充市高坪区人民医院",
    "复旦大学附属华山医院",
    "阜外医院",
    "安岳县中医院",
    "郑州颐和医院",
    "仁爱医院",
    "沂水县人民医院",
    "成都市第五人民医院",
    "马站镇卫生院",
]
TROUBLES = [
    "反复胸闷3年，加重2天",
    "发热伴咳嗽5天",
    "上腹痛1周",
    "头晕、黄疸3天",
    "右下肢水肿半月",
    "突发言语不清2小时",
]
MEDICINE = [
    "NT-proBNP 13800pg/ml，血压138/80mmHg，王Murphy征阴性。",
    "白细胞12.3×10^9/L，血小板1012/L，考虑马凡综合征不除外。",
    "张力性头痛病史，否认高血压、糖尿病。",
    "曾在当地卫生院治疗，田间劳动后加重，E-cadherin阳性。",
    "何杰金淋巴瘤待排，方案调整为安罗替尼，曲张静脉团。",
    "外院查CT示右肺占位，金属异物影，包块约3cm，高密度影。",
    "患者平素体健，患者时有乏力，患者常于夜间憋醒，卧床3天。",
    "单位体检时发现，和其他人无接触，张X、李某同住，均体健。",
    "胃镜示食管静脉曲张，白带正常，石膏固定后。",
    "予利福平、舒普深、金水宝口服，5床旁心电图未见异常。",
]


class Maker:
    """Writes one note and keeps where its identifiers stand."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.text = ""
        self.spans: list[tuple[int, int, str]] = []

    def say(self, *parts: str | tuple[str, str]) -> None:
        """Words as they are, and identifiers as (kind, value)."""
        for part in parts:
            if isinstance(part, tuple):
                start = len(self.text)
                self.text += part[1]
                self.spans.append((start, len(self.text), part[0]))
            else:
                self.text += part

    def name(self) -> str:
        return self.random.choice(FAMILY) + self.random.choice(FIRST)

    def digits(self, count: int) -> str:
        return "".join(self.random.choices("0123456789", k=count))

    def identity(self) -> str:
        year, month, day = (
            self.random.randint(1935, 2015),
            self.random.randint(1, 12),
            self.random.randint(1, 28),
        )
        body = f"{self.random.choice(['430104', '110108', '371323', '510703'])}{year}{month:02}{day:02}{self.digits(3)}"
        weights = [2**power % 11 for power in range(17, 0, -1)]
        total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
        return body + "10X98765432"[total % 11]

    def mobile(self) -> str:
        number = f"1{self.random.choice('3578')}{self.digits(9)}"
        return self.random.choice(
            [
                number,
                f"{number[:3]} {number[3:7]} {number[7:]}",
                f"{number[:3]}-{number[3:7]}-{number[7:]}",
            ]
        )

    def landline(self) -> str:
        return self.random.choice(["0731-8", "010-6", "0539-2", "(028)8", "0874-3"]) + self.digits(
            7
        )

    def address(self) -> str:
        number = self.random.randint
        return self.random.choice(PLACES).format(
            n=number(1, 999), b=number(1, 20), u=number(1, 4), r=number(101, 2504)
        )

    def day(self) -> str:
        year, month, day = (
            self.random.randint(2015, 2025),
            self.random.randint(1, 12),
            self.random.randint(1, 28),
        )
        return self.random.choice(
            [
                f"{year}年{month}月{day}日",
                f"{year}-{month:02}-{day:02}",
                f"{year}/{month}/{day}",
                f"{year}.{month:02}.{day:02}",
            ]
        )

    def card(self) -> str:
        body = "622202" + self.digits(12)
        total = 0
        for at, digit in enumerate(reversed(body)):
            value = int(digit) * (1 if at % 2 else 2)
            total += value - 9 if value > 9 else value
        return body + str(-total % 10)

    def header(self, name: str, sex: str) -> None:
        """The head of an admission record."""
        self.say("姓名：", ("name", name), f"  性别：{sex}  年龄：{self.random.randint(1, 88)}岁\n")
        self.say(
            "身份证号：",
            ("id_card", self.identity()),
            "  联系电话：",
            ("phone", self.mobile()),
            "\n",
        )
        self.say("家庭住址：", ("address", self.address()), "\n")
        label = self.random.choice(["住院号", "病案号", "登记号", "门诊号"])
        self.say(
            f"{label}：", ("record_number", self.random.choice(["ZY", "", "00"]) + self.digits(8))
        )
        self.say(
            "  入院日期：",
            ("date", self.day()),
            "  床号：",
            ("bed", f"{self.random.randint(1, 60)}床"),
            "\n",
        )
        self.say(
            "联系人：",
            ("name", self.name()),
            "（配偶）  医保卡号：",
            ("insurance", "A" + self.digits(8)),
            "\n",
        )

    def running(self, name: str, sex: str) -> None:
        """The same without a label."""
        self.say(
            self.random.choice(["", "患者", "患者，"]),
            ("name", name),
            f"，{sex}，{self.random.randint(1, 88)}岁，",
        )
        self.say("家住", ("address", self.address()), "，手机", ("phone", self.mobile()), "，")

    def body(self, name: str, sex: str) -> None:
        """History and signatures."""
        choose = self.random.choice
        self.say(f"主诉：{choose(TROUBLES)}。\n现病史：")
        self.say(
            choose(["患者", "病人"]),
            ("name", name),
            choose(["因", "于", "诉", "自诉"]),
            f"{choose(TROUBLES)}，于",
            ("date", self.day()),
        )
        self.say(
            "就诊于", ("hospital", choose(HOSPITALS)), f"，{choose(MEDICINE)}{choose(MEDICINE)}\n"
        )
        more = [
            lambda: self.say("座机", ("phone", self.landline()), "，微信号：", ("account", "wx_" + self.digits(6)), "。"),
            lambda: self.say("银行卡 ", ("bank_card", self.card()), " 已退费。"),
            lambda: self.say("车牌", ("plate", choose(["湘A", "京N", "川B", "鲁Q"]) + choose("BCDEFG") + self.digits(4)), "的司机送来。"),
            lambda: self.say("其", choose(["子", "女"]), ("name", self.name()), "陪同入院。"),
            lambda: self.say(("name", self.name()), choose(["女士", "先生"]), "代诉病史。"),
            lambda: self.say("邮箱 ", ("email", f"pt{self.digits(4)}@qq.com"), "。"),
            lambda: self.say("证件 ", ("id_card", self.identity()), " 已核对。"),
            lambda: self.say("护照号：", ("passport", "E" + self.digits(8)), "。"),
        ]  # fmt: skip
        for each in self.random.sample(more, 3):
            each()
        self.say(
            f"\n今日{choose(['请', '由'])}",
            ("doctor", self.name()),
            choose(["主任医师", "主任", "副主任医师"]),
            "查房，",
            choose(MEDICINE),
        )
        self.say(
            "\n",
            choose(["医师签名：", "记录者：", "住院医师：", "主治医师 "]),
            ("doctor", self.name()),
            "  ",
            ("date", self.day()),
            "\n",
        )


def made(count: int) -> Iterable[Text]:
    """``count`` notes, always the same ones."""
    for seed in range(count):
        maker = Maker(seed)
        name, sex = maker.name(), maker.random.choice("男女")
        (maker.header if seed % 2 else maker.running)(name, sex)
        maker.body(name, sex)
        yield Text(maker.text, tuple(maker.spans))


def main() -> int:
    """Print both tables; ``-v`` with examples of what is missed and wrong."""
    examples = 12 if "-v" in sys.argv else 0
    chinese = Score()
    for case in made(240):
        chinese.add(case)
    chinese.show("Chinese, 240 made notes", examples)
    if PRESIDIO.exists():
        english = Score()
        for case in presidio():
            english.add(case)
        english.show("English, Presidio's synthetic sentences", examples)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
