// For those who know no Node: the type checker takes this instead of what is beside it.
export function load(
  path: string,
): Promise<{ glue: import("../../js/base/glue.js").Glue; module: WebAssembly.Module }>;
export function bytesOf(text: string): number;
export function inOrder(one: string, other: string): number;
