// What stands in for the module `cloudflare:workers`, which only Workers has, and the hook by which Node finds it here.

/** The package only asks whether a handler is derived from it; here is none. */
export class WorkerEntrypoint {}

export const resolve = (specifier, context, next) =>
  specifier === "cloudflare:workers" ? { url: import.meta.url, shortCircuit: true } : next(specifier, context);
