// A chat in a React component, for the test of the hook.

import { createElement as h, StrictMode, useCallback, useState } from "react";
import { createRoot } from "react-dom/client";
import { useRoom } from "../../../js/browser/react.js";

/** @typedef {import("../../../types/rooms.d.ts").Rooms["chat"]} Chat */

/** @type {typeof useRoom<Chat>} */
const useChat = useRoom;

/** @param {{ url: string }} props */
function Talk({ url }) {
  const [texts, setTexts] = useState(/** @type {string[]} */ ([]));
  const hear = useCallback((/** @type {Chat["broadcast"]} */ message) => {
    if (message._tag === "Message") setTexts((texts) => [...texts, message.text]);
  }, []);
  const { state, here, send } = useChat(url, hear);
  return h(
    "main",
    null,
    h("p", { id: "state" }, state),
    h("p", { id: "here" }, here.join(" ")),
    h(
      "button",
      { type: "button", onClick: () => send({ _tag: "Say", text: `from ${here.length}` }) },
      "Say",
    ),
    h("ol", null, ...texts.map((text, i) => h("li", { key: i }, text))),
  );
}

function App() {
  const [isThere, setThere] = useState(true);
  const url = `/ws/chat/react?userId=ada`;
  return h(
    "div",
    null,
    h("button", { type: "button", onClick: () => setThere(!isThere) }, "Toggle"),
    isThere ? h(Talk, { url }) : null,
  );
}

createRoot(document.body).render(h(StrictMode, null, h(App)));
