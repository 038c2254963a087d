// What the Worker is bound to, for the type checker.
declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import("./worker.js");
  }
  interface Env {
    ROOMS: DurableObjectNamespace;
    ASSETS: Fetcher;
    /** Origins besides the Worker's own whose pages may connect: separated by commas, or `*`. */
    ALLOWED_ORIGINS?: string;
    /** Who has this token may use the Inspector. Without it nobody may. */
    INSPECT_TOKEN?: string;
  }
}
