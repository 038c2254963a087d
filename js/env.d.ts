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
    /** Who has this token may use the Inspector. Without it nobody may, but for `INSPECT`. */
    INSPECT_TOKEN?: string;
    /** `local` opens the Inspector on the developer's own machine. */
    INSPECT?: string;
  }
}
