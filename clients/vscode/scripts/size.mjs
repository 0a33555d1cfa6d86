/** Fails where a file is larger than its bound: `node size.mjs FILE KILOBYTES`. */

import { stat } from "node:fs/promises";

const [file, bound] = process.argv.slice(2);
const { size } = await stat(file);
const kilobytes = size / 1000;
console.log(`${file}: ${kilobytes.toFixed(0)} KB of ${bound} KB`);
process.exitCode = kilobytes > Number(bound) ? 1 : 0;
