// What serde writes for some values, kept by tests/typescript.rs. tsc compares it with what is
// declared: as literals, so that a field too many is an error too.

import type { Rooms } from "../../types/rooms.d.ts";
import type { Rooms as Shapes } from "./shapes.d.ts";

const samples = <Type>(values: Type[]) => values;

samples<Rooms["chat"]["message"]>([
  {"_tag":"Say","text":"words"},
  {"_tag":"Typing"},
]);

samples<Rooms["chat"]["broadcast"]>([
  {"_tag":"UserJoined","userId":"words"},
  {"_tag":"UserLeft","userId":"words"},
  {"_tag":"Message","text":"words","userId":"words","ts":1700000000000},
  {"_tag":"Typing","userId":"words"},
]);

samples<Rooms["chat"]["state"]>([
  {"createdAt":1700000000000,"messageCount":7},
]);

samples<Rooms["chat"]["connection"]>([
  {"userId":"words","joinedAt":1700000000000},
]);

samples<Rooms["history"]["message"]>([
  {"type":"join","name":"words"},
  {"type":"chat","message":"words"},
  {"type":"update-name","name":"words"},
]);

samples<Rooms["history"]["broadcast"]>([
  {"type":"chat","from":"words","message":"words","timestamp":1700000000000},
  {"type":"system","message":"words","timestamp":1700000000000},
  {"type":"users","users":["words"]},
  {"type":"rate-limit","retryAfter":1},
  {"type":"error","code":"words","message":"words"},
]);

samples<Rooms["history"]["state"]>([
  null,
]);

samples<Rooms["history"]["connection"]>([
  {"name":null,"since":0},
  {"name":"words","since":1},
]);

samples<Rooms["reminders"]["state"]>([
  {"made":2,"pending":1},
]);

samples<Shapes["all-shapes"]["message"]>([
  "bare",
  {"one":1},
  {"two":[-1,"words"]},
  {"named":{"kebab-name":true}},
]);

samples<Shapes["all-shapes"]["broadcast"]>([
  {"_tag":"Nothing"},
  {"_tag":"Wrapped","rows":[[-1,9007199254740991]],"next":{"rows":[],"next":null}},
  {"_tag":"Fields","largeNumber":1,"size":3,"real":0.5,"maybe":null,"byName":{"one":[[-1,9007199254740991]]},"pair":[1,"words"],"letter":"x","unit":null,"boxed":"Large","who":"ada","tag":"red","at":1700000000000,"anything":{"a":[1,null]},"width":1,"height":2},
  {"_tag":"Fields","largeNumber":1,"size":3,"real":0.5,"maybe":"words","absent":"words","byName":{"one":[[-1,9007199254740991]]},"pair":[1,"words"],"letter":"x","unit":null,"boxed":"Large","who":"ada","tag":"red","at":1700000000000,"anything":{"a":[1,null]},"width":1,"height":2},
]);

samples<Shapes["all-shapes"]["state"]>([
  {"kind":"Empty"},
  {"kind":"Full","value":["words"]},
]);

samples<Shapes["all-shapes"]["connection"]>([
  1,
  {"words":["words"]},
]);
