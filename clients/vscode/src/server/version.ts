/** Versions as `doctorflan-ls --version` prints them. */

export type Version = readonly [number, number, number];

const VERSION = /doctorflan-ls\s+(\d+)\.(\d+)(?:\.(\d+))?/;
const PLAIN = /^(\d+)\.(\d+)(?:\.(\d+))?/;

/** The version in the output of `--version`; undefined where another program answered. */
export function printedVersion(output: string): Version | undefined {
  return read(VERSION.exec(output));
}

/** `1.2.3`, with anything behind it. */
export function plainVersion(text: string): Version | undefined {
  return read(PLAIN.exec(text));
}

export function isOlder(version: Version, minimum: Version): boolean {
  for (const [index, number] of version.entries()) {
    const least = minimum[index] ?? 0;
    if (number !== least) {
      return number < least;
    }
  }
  return false;
}

export function shown(version: Version): string {
  return version.join(".");
}

function read(found: RegExpExecArray | null): Version | undefined {
  if (found === null) {
    return undefined;
  }
  return [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
}
