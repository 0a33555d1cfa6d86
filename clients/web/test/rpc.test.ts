import assert from "node:assert/strict";
import { test } from "node:test";
import { CANCELLED, LOST, Rpc, RpcError } from "../src/lsp/rpc";

interface Sent {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: { code: number };
}

function pair(): { rpc: Rpc; sent: Sent[]; heard: string[] } {
  const sent: Sent[] = [];
  const heard: string[] = [];
  const rpc = new Rpc((text) => sent.push(JSON.parse(text) as Sent), {
    notified: (method) => heard.push(method),
    asked: (method) => (method === "known" ? Promise.resolve({ applied: false }) : undefined),
  });
  return { rpc, sent, heard };
}

function code(expected: number): (error: unknown) => boolean {
  return (error) => error instanceof RpcError && error.code === expected;
}

test("answers find their requests in any order", async () => {
  const { rpc } = pair();
  const first = rpc.request("a", {});
  const second = rpc.request("b", {});
  rpc.receive('{"jsonrpc":"2.0","id":2,"result":"two"}');
  rpc.receive('{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"what is wrong"}}');
  assert.equal(await second, "two");
  await assert.rejects(first, code(-32602));
});

test("an aborted request is cancelled at the server, and its late answer is dropped", async () => {
  const { rpc, sent } = pair();
  const aborter = new AbortController();
  const asked = rpc.request("a", {}, { signal: aborter.signal });
  aborter.abort();
  await assert.rejects(asked, code(CANCELLED));
  assert.deepEqual(sent.at(-1), { jsonrpc: "2.0", method: "$/cancelRequest", params: { id: 1 } });
  rpc.receive('{"jsonrpc":"2.0","id":1,"result":null}');
});

test("partial results come to the request that asked, until it ends", async () => {
  const { rpc, sent } = pair();
  const seen: unknown[] = [];
  const asked = rpc.request("a", {}, { partial: (value) => seen.push(value) });
  const token = sent[0]?.params?.["partialResultToken"];
  const progress = (value: number): string => JSON.stringify({ method: "$/progress", params: { token, value } });
  rpc.receive(progress(1));
  rpc.receive('{"id":1,"result":"end"}');
  rpc.receive(progress(2));
  assert.equal(await asked, "end");
  assert.deepEqual(seen, [1]);
});

test("the server's requests are answered, unknown ones with an error", async () => {
  const { rpc, sent } = pair();
  rpc.receive('{"id":"s1","method":"known","params":{}}');
  rpc.receive('{"id":7,"method":"unknown"}');
  await Promise.resolve();
  assert.deepEqual(
    sent.map(({ id, result, error }) => [id, result ?? error?.code]),
    [
      [7, -32601],
      ["s1", { applied: false }],
    ],
  );
});

test("when the channel closes every request that waits is told", async () => {
  const { rpc, sent } = pair();
  const asked = rpc.request("a", {});
  rpc.close();
  await assert.rejects(asked, code(LOST));
  await assert.rejects(rpc.request("b", {}), code(LOST));
  rpc.notify("c", {});
  assert.equal(sent.length, 1);
});

test("what is no message is dropped", () => {
  const { rpc, heard } = pair();
  for (const text of ["", "[]", "null", "{", '{"method":"said"}']) {
    rpc.receive(text);
  }
  assert.deepEqual(heard, ["said"]);
});
