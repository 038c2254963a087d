// Components for the tests of the hook, on sockets of the page's own.

import {
  createElement as h,
  StrictMode,
  Suspense,
  startTransition,
  use,
  useEffect,
  useState,
} from "react";
import { createRoot } from "react-dom/client";
import { useRoom } from "../../../js/browser/react.js";
import { FakeSocket } from "../client/fake-socket.js";

/** @type {Record<string, unknown>} */
const results = {};
Object.assign(globalThis, { results });

const options = { WebSocket: /** @type {any} */ (FakeSocket) };
const wait = (millis = 30) => new Promise((resolve) => setTimeout(resolve, millis));
/** Until React has made as many sockets as that. */
const made = async (/** @type {number} */ count) => {
  while (FakeSocket.made.length < count) await wait(5);
  await wait();
};
const mount = (/** @type {import("react").ReactNode} */ node) => {
  const root = createRoot(document.body.appendChild(document.createElement("div")));
  root.render(node);
  return root;
};

/** @param {{ send: (event: any) => Promise<void> }} props */
function Child({ send }) {
  useEffect(() => void send("on mount").catch(() => {}), [send]);
  return null;
}

async function childSends() {
  FakeSocket.made = [];
  /** @type {any} */
  let send;
  // biome-ignore lint/correctness/noComponentHookFactories: each is rendered once
  const Parent = () => {
    const room = useRoom("http://a.test/ws", () => {}, options);
    send = room.send;
    return h(Child, room);
  };
  const root = mount(h(StrictMode, null, h(Parent)));
  await made(1);
  FakeSocket.last.greet();
  await wait();
  const sent = [...FakeSocket.last.sent];
  root.unmount();
  await wait();
  const late = await send("late").then(
    () => "sent",
    (/** @type {any} */ { code }) => code,
  );
  // StrictMode mounts twice: its effect says it twice, on one socket.
  return { sockets: FakeSocket.made.length, sent, left: FakeSocket.last.readyState, late };
}

async function shares() {
  FakeSocket.made = [];
  /** @type {string[]} */
  const heard = [];
  // biome-ignore lint/correctness/noComponentHookFactories: each is rendered once
  const One = (/** @type {{ name: string }} */ { name }) => {
    const { state } = useRoom(
      "http://b.test/ws",
      (message) => heard.push(`${name} ${message}`),
      options,
    );
    return h("p", { className: "shares" }, state);
  };
  const root = mount([h(One, { key: 1, name: "one" }), h(One, { key: 2, name: "two" })]);
  await made(1);
  FakeSocket.last.greet();
  FakeSocket.last.hear("m1:x");
  await wait();
  const shown = [...document.querySelectorAll(".shares")].map((element) => element.textContent);
  root.unmount();
  return { sockets: FakeSocket.made.length, heard, shown };
}

async function changes() {
  FakeSocket.made = [];
  /** @type {any} */
  let set;
  // biome-ignore lint/correctness/noComponentHookFactories: each is rendered once
  const App = () => {
    const [props, setProps] = useState({
      url: "http://c.test/1",
      enabled: false,
      token: 0,
      buffer: 64,
    });
    set = setProps;
    const { url, enabled, token, buffer } = props;
    const { state } = useRoom(token ? () => `${url}?token=${token}` : url, () => {}, {
      ...options,
      enabled,
      buffer,
    });
    return h("p", { id: "changes" }, state);
  };
  const root = mount(h(App));
  const urls = () => FakeSocket.made.map(({ url, readyState }) => `${url} ${readyState}`);
  while (!document.querySelector("#changes")) await wait();
  const disabled = [document.querySelector("#changes")?.textContent, FakeSocket.made.length];
  const steps = [];
  for (const change of [
    { enabled: true },
    { url: "http://c.test/2" },
    { buffer: 32 },
    { token: 1 },
    { token: 2 },
    { enabled: false },
  ]) {
    startTransition(() => set((/** @type {object} */ props) => ({ ...props, ...change })));
    await wait();
    steps.push(urls().length);
  }
  const all = urls();
  root.unmount();
  return { disabled, steps, all };
}

async function suspends() {
  FakeSocket.made = [];
  /** @type {(value: string) => void} */
  let resolve = () => {};
  const data = new Promise((done) => {
    resolve = done;
  });
  // biome-ignore lint/correctness/noComponentHookFactories: each is rendered once
  const Late = () => {
    const { state } = useRoom("http://d.test/ws", () => {}, options);
    return h("p", { id: "late" }, `${use(data)} ${state}`);
  };
  const root = mount(h(Suspense, { fallback: h("p", { id: "fallback" }) }, h(Late)));
  while (!document.querySelector("#fallback")) await wait();
  const before = FakeSocket.made.length;
  resolve("data");
  await made(1);
  FakeSocket.last.greet();
  await wait();
  const text = document.querySelector("#late")?.textContent;
  root.unmount();
  return { before, after: FakeSocket.made.length, text };
}

for (const [name, run] of Object.entries({ childSends, shares, changes, suspends })) {
  results[name] = await run().catch(String);
}
results.done = true;
