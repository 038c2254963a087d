// What a client uses of the world it runs in: a page's, a worker's, a program's, or a test's.

/**
 * @typedef {object} Page
 * @property {{ now: () => number }} Date
 * @property {{ random: () => number }} Math
 * @property {(act: () => void, millis: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {typeof globalThis.WebSocket} [WebSocket]
 * @property {(url: string, init: RequestInit) => Promise<Response>} [fetch]
 * @property {Storage} [sessionStorage] throws where it is denied
 * @property {Storage} [localStorage]
 * @property {{ locks?: LockManager }} [navigator]
 * @property {typeof globalThis.BroadcastChannel} [BroadcastChannel]
 * @property {{ href: string }} [location]
 * @property {Partial<Target> & { visibilityState: string }} [document]
 * @property {Target["addEventListener"]} [addEventListener]
 * @property {Target["removeEventListener"]} [removeEventListener]
 * @property {(error: unknown) => void} [reportError]
 */

/**
 * @typedef {object} Target
 * @property {(name: string, listener: (event: any) => void) => void} addEventListener
 * @property {(name: string, listener: (event: any) => void) => void} removeEventListener
 */

export {};
