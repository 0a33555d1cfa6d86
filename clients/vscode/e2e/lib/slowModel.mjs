/** Settings and folder that put the tests' slow model in place of the embedded one. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { startModel, writeModelFolder } from "./modelServer.mjs";

export async function withSlowModel(options) {
  const model = await startModel(options);
  const folder = await mkdtemp(path.join(tmpdir(), "doctorflan-models-"));
  await writeModelFolder(folder, { id: "e2e-slow", url: `http://${model.host}/v1` });
  return {
    model,
    settings: {
      "doctorflan.models.folder": folder,
      "doctorflan.models.use": { "*": "e2e-slow" },
      "doctorflan.network.hosts": [model.host],
    },
    async close() {
      model.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
