import assert from "node:assert/strict";
import { test } from "node:test";
import { pointLength, unitOffset, unitOffsets } from "../src/text/codepoints";
import { filled } from "../src/text/filled";
import { moved, type Place } from "../src/text/tracked";

const SAMPLES = ["", "abc", "主诉：咳嗽3天", "𠮷野家😀x", "\ud83d", "a\ude00b", "😀".repeat(5)];

test("code points count as JavaScript's own iterator counts them", () => {
  for (const text of SAMPLES) {
    const points = Array.from(text);
    assert.equal(pointLength(text), points.length);
    points.forEach((_, index) => {
      assert.equal(unitOffset(text, index), points.slice(0, index).join("").length);
    });
    assert.equal(unitOffset(text, points.length + 3), text.length);
  }
});

test("many offsets in any order are what each is alone", () => {
  const text = "a😀主𠮷b诉";
  const offsets = [5, 0, 3, 3, 6, 99, 1];
  assert.deepEqual(unitOffsets(text, offsets), offsets.map((offset) => unitOffset(text, offset)));
});

test("a message keeps a mark that has no value", () => {
  assert.equal(filled("{0}, {1}, {0}", ["a"]), "a, {1}, a");
});

/** Small reproducible random numbers below `bound`. */
function random(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % bound;
  };
}

test("a tracked place holds the same words after any edits beside it", () => {
  const next = random(7);
  let survived = 0;
  for (let round = 0; round < 400; round += 1) {
    let text = "0123456789".repeat(4).replace("5678", "<##>");
    let place: Place | undefined = { start: text.indexOf("<##>"), end: text.indexOf("<##>") + 4 };
    for (let edit = 0; edit < 6 && place !== undefined; edit += 1) {
      const offset = next(text.length);
      const length = Math.min(next(4), text.length - offset);
      const inserted = "xy".repeat(next(3));
      place = moved(place, { offset, length, inserted: inserted.length });
      text = text.slice(0, offset) + inserted + text.slice(offset + length);
    }
    if (place !== undefined) {
      assert.equal(text.slice(place.start, place.end), "<##>");
      survived += 1;
    }
  }
  assert.ok(survived > 50);
});

test("an empty place moves behind what is typed at it, and survives an undo there", () => {
  assert.deepEqual(moved({ start: 4, end: 4 }, { offset: 4, length: 0, inserted: 3 }), { start: 7, end: 7 });
  assert.deepEqual(moved({ start: 4, end: 4 }, { offset: 4, length: 3, inserted: 0 }), { start: 4, end: 4 });
  assert.equal(moved({ start: 4, end: 4 }, { offset: 2, length: 5, inserted: 0 }), undefined);
});
