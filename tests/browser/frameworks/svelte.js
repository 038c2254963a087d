// A chat in a Svelte component, which comes and goes.

import { mount, unmount } from "svelte";
import Lounge from "./Lounge.svelte";

const app = mount(Lounge, { target: document.body, props: { url: "/ws/chat/svelte?userId=ada" } });
Object.assign(globalThis, { leave: () => unmount(app) });
