// Runs a visit, and prints what came of it.

import { visit } from "./visit.js";

const url = /** @type {any} */ (globalThis).process.argv[2];
console.log(JSON.stringify(await visit(url)));
