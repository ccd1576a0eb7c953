// A KV namespace in memory: the methods of Workers KV that the package calls, with its limits, because a server that
// runs into one of them answers 500. It is consistent at once, which Workers KV is not across locations.
// https://developers.cloudflare.com/kv/api/write-key-value-pairs/

const MAX_KEY = 512; // bytes
const MAX_VALUE = 25 * 1024 * 1024; // bytes
const MIN_TTL = 60; // seconds

/** `now` gives the time in milliseconds. */
export class Kv {
  #entries = new Map();
  #now;

  constructor(now = Date.now) {
    this.#now = now;
  }

  async get(key, options) {
    const value = this.#live(checked(key))?.value ?? null;
    const type = typeof options === "string" ? options : options?.type;
    return type === "json" && value !== null ? JSON.parse(value) : value;
  }

  async put(key, value, { expirationTtl, expiration } = {}) {
    if (Buffer.byteLength(value) > MAX_VALUE) throw new Error(`KV PUT failed: value longer than ${MAX_VALUE} bytes`);
    const now = this.#now();
    const expires = expirationTtl !== undefined ? now + expirationTtl * 1000 : expiration && expiration * 1000;
    if (expires < now + MIN_TTL * 1000) throw new Error(`KV PUT failed: expires in less than ${MIN_TTL} seconds`);
    this.#entries.set(checked(key), { value, expires });
  }

  async delete(key) {
    this.#entries.delete(checked(key));
  }

  #live(key) {
    const entry = this.#entries.get(key);
    if (entry?.expires <= this.#now()) {
      this.#entries.delete(key);
      return undefined;
    }
    return entry;
  }
}

function checked(key) {
  if (key === "" || key === "." || key === "..") throw new Error(`KV: no key: ${JSON.stringify(key)}`);
  if (Buffer.byteLength(key) > MAX_KEY) throw new Error(`KV: key longer than ${MAX_KEY} bytes`);
  return key;
}
