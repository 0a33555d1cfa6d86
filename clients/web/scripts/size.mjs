/** Says how large the component is, with its editor; more than its bound is an error. */

import { readFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";

const BOUND = 400_000;
const bundle = readFileSync(path.join(import.meta.dirname, "../dist/clinical-note.js"));
const gzipped = gzipSync(bundle, { level: 9 }).length;
console.log(`clinical-note.js: ${bundle.length} bytes, ${gzipped} gzipped (bound ${BOUND})`);
process.exit(gzipped <= BOUND ? 0 : 1);
