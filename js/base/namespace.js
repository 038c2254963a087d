// The namespace of the rooms' objects, as wrangler.jsonc binds it.

import { SetupError } from "./errors.js";

/**
 * @param {Record<string, any> | undefined} env
 * @param {string} binding the name it is bound under
 * @returns {DurableObjectNamespace}
 */
export function namespaceOf(env, binding) {
  const bound = env?.[binding];
  if (typeof bound?.getByName === "function") return bound;
  const namespaces = Object.keys(env ?? {}).filter(
    (name) => typeof env?.[name]?.getByName === "function",
  );
  const others = Object.keys(env ?? {}).join(", ") || "nothing";
  const remedy = namespaces.length
    ? `If the class is bound as ${namespaces.join(" or ")}, say so: ` +
      `dormouse(glue, module, { binding: "${namespaces[0]}" }).`
    : 'Add to wrangler.jsonc: "durable_objects": { "bindings": ' +
      `[{ "name": "${binding}", "class_name": "RoomObject" }] }.`;
  throw bound === undefined
    ? new SetupError("MissingBinding", `env has no ${binding}, it has ${others}. ${remedy}`)
    : new SetupError(
        "WrongBinding",
        `env.${binding} is ${kindOf(bound)} and no Durable Object namespace; env has ${others}. ${remedy}`,
      );
}

/** @param {any} value */
export function kindOf(value) {
  if (value === null || value === undefined) return String(value);
  const article = typeof value === "object" ? "an" : "a";
  return `${article} ${typeof value === "object" ? "object" : typeof value}`;
}
