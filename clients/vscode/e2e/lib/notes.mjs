/** Invented notes for the tests. */

import { copyFile, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

const EXAMPLE = path.resolve("media/example.zh.note");
const EXAMPLE_EN = path.resolve("media/example.en.note");

export const example = () => readFile(EXAMPLE, "utf8");

export const putExample = (folder, name = "头晕.note") => copyFile(EXAMPLE, path.join(folder, name));

export const putEnglishExample = (folder, name = "dizziness.note") => copyFile(EXAMPLE_EN, path.join(folder, name));

export const put = (folder, name, content) => writeFile(path.join(folder, name), content);

/** A draft as it stands in a note. */
export const standing = (id, body = "主诉：头晕3个月\n建议：［待补充：检查］", task = "病例总结｜case-summary｜skeleton 1") =>
  `〔DoctorFLAN 草稿 待审核｜${task}｜#${id}〕\n${body}\n〔DoctorFLAN 草稿结束｜#${id}〕\n`;
