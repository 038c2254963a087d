// A chat in a Solid component, which comes and goes.

import { createSignal, from, onCleanup } from "solid-js";
import h from "solid-js/h";
import { render } from "solid-js/web";
import { roomStore } from "../../../js/browser/store.js";

/** @typedef {import("../../../types/rooms.d.ts").Rooms["chat"]} Chat */

/** @type {typeof roomStore<Chat>} */
const storeOf = roomStore;

function Lounge() {
  const lounge = storeOf("/ws/chat/solid?userId=ada");
  const seen = from(lounge);
  const [texts, setTexts] = createSignal(/** @type {string[]} */ ([]));
  onCleanup(
    lounge.on("message", (said) => {
      if (said._tag === "Message") setTexts((texts) => [...texts, said.text]);
    }),
  );
  const say = () => lounge.send({ _tag: "Say", text: `from ${seen()?.here.length}` });
  return [
    h("p", { id: "state" }, () => seen()?.state),
    h("p", { id: "here" }, () => seen()?.here.join(" ")),
    h("button", { onClick: say }, "Say"),
    h("ol", () => texts().map((text) => h("li", text))),
  ];
}

const leave = render(/** @type {any} */ (() => h(Lounge)), document.body);
Object.assign(globalThis, { leave });
