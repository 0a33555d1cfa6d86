/** Whether the bytes of a file are a note's text. */

export type Decoded = { text: string } | { skipped: "binary" | "large" | "encoding" };

/** Larger files are not read: a note of this size is an export of many. In bytes. */
export const LARGEST = 5 * 1024 * 1024;

const SNIFFED = 8192;

/** UTF-8, with or without a mark; UTF-16 with one. */
export function decode(bytes: Uint8Array): Decoded {
  if (bytes.length > LARGEST) {
    return { skipped: "large" };
  }
  const encoding = marked(bytes) ?? "utf-8";
  if (encoding === "utf-8" && bytes.subarray(0, SNIFFED).includes(0)) {
    return { skipped: "binary" };
  }
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes) };
  } catch {
    return { skipped: "encoding" };
  }
}

function marked(bytes: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) {
    return "utf-16le";
  }
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : undefined;
}
