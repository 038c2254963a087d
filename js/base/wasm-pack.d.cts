// wasm-pack declares its entry file, and a Worker imports what is beside it: in workerd the entry does
// not run. Only used where no declaration lies beside that. An `export =` is for CommonJS alone, hence
// the name of this file.
declare module "*_bg.js" {
  const glue: import("./glue.js").Glue;
  export = glue;
}
