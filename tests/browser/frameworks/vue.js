// A chat in a Vue component, which comes and goes.

import { createApp, h, onScopeDispose, ref, shallowRef } from "vue";
import { roomStore } from "../../../js/browser/store.js";

/** @typedef {import("../../../types/rooms.d.ts").Rooms["chat"]} Chat */

/** @param {string} url */
function lounge(url) {
  /** @type {typeof roomStore<Chat>} */
  const storeOf = roomStore;
  const store = storeOf(url);
  const seen = shallowRef(store.getSnapshot());
  const texts = ref(/** @type {string[]} */ ([]));
  store.on("message", (said) => {
    if (said._tag === "Message") texts.value.push(said.text);
  });
  onScopeDispose(
    store.subscribe((now) => {
      seen.value = now;
    }),
  );
  return { seen, texts, send: store.send };
}

const Lounge = {
  setup() {
    const { seen, texts, send } = lounge("/ws/chat/vue?userId=ada");
    const say = () => send({ _tag: "Say", text: `from ${seen.value.here.length}` });
    return () => [
      h("p", { id: "state" }, seen.value.state),
      h("p", { id: "here" }, seen.value.here.join(" ")),
      h("button", { onClick: say }, "Say"),
      h(
        "ol",
        texts.value.map((text) => h("li", text)),
      ),
    ];
  },
};

const app = createApp(Lounge);
app.mount(document.body.appendChild(document.createElement("div")));
Object.assign(globalThis, { leave: () => app.unmount() });
