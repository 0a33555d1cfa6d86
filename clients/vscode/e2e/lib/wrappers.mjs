/** Programs that stand for a server in trouble; all but the last run, or stop, the real one. */

import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export async function wrappers(languageServer) {
  const folder = await mkdtemp(path.join(tmpdir(), "doctorflan-programs-"));
  const make = async (name, script) => {
    const file = path.join(folder, name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
    return file;
  };
  const pid = path.join(folder, "pid");
  return {
    folder,
    /** Where the process id of the latest `counted` server stands. */
    pid,
    counted: await make("counted", `echo $$ > "${pid}"\nexec "${languageServer}" "$@"`),
    slow: await make("slow", `[ "$1" = --stdio ] && sleep 8\nexec "${languageServer}" "$@"`),
    crashing: await make("crashing", `[ "$1" = --stdio ] || exec "${languageServer}" "$@"\necho "no space left on device" >&2\nexit 3`),
    old: await make("old", '[ "$1" = --version ] && echo "doctorflan-ls 0.0.9" && exit 0\necho "no such option: --stdio" >&2\nexit 2'),
    other: await make("other", "cat > /dev/null"),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
