// The stand-in keeps what Workers KV promises to the package: lifetimes and limits. Started by ./run.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Kv } from "./kv.mjs";

test("what was put is there until its time is over, as text or as JSON", async () => {
  let now = 1_000_000;
  const kv = new Kv(() => now);
  await kv.put("for-ever", "1");
  await kv.put("a-minute", '{"a":1}', { expirationTtl: 60 });
  await kv.put("until", "2", { expiration: now / 1000 + 90 });
  assert.deepEqual(await kv.get("a-minute", { type: "json" }), { a: 1 });
  now += 60_000;
  assert.equal(await kv.get("a-minute"), null);
  assert.equal(await kv.get("until"), "2");
  now += 30_000;
  assert.equal(await kv.get("until"), null);
  assert.equal(await kv.get("for-ever"), "1");
  await kv.delete("for-ever");
  assert.equal(await kv.get("for-ever"), null);
});

test("what Workers KV refuses is refused", async () => {
  const kv = new Kv(() => 0);
  await kv.put("é".repeat(256), "1"); // 512 bytes
  for (const key of ["", ".", "..", "é".repeat(256) + "x"]) {
    await assert.rejects(kv.get(key), key);
    await assert.rejects(kv.put(key, "1"), key);
  }
  await assert.rejects(kv.put("soon", "1", { expirationTtl: 59 }));
  await assert.rejects(kv.put("large", "x".repeat(25 * 1024 * 1024 + 1)));
});
