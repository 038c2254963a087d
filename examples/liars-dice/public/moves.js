// What one can do: bid, call, start, sit down.

import { die, FACES } from "./dice.js";
import { find, make } from "./dom.js";

const SEATS = 6;

/** @typedef {import("../types/rooms.d.ts").LiarsDice.Bid} Bid */

/**
 * @param {import("./game.js").Known} known
 * @param {(event: import("./game.js").Event) => void} send
 * @param {() => void} sit
 */
export function startMoves(known, send, sit) {
  const form = find("move", HTMLFormElement);
  const fields = find("move-fields", HTMLFieldSetElement);
  const count = find("count", HTMLInputElement);
  const raise = find("raise", HTMLButtonElement);
  const call = find("call", HTMLButtonElement);
  const between = find("between", HTMLElement);
  const startButton = find("start", HTMLButtonElement);
  const sitButton = find("sit", HTMLButtonElement);
  /** The turn that the fields were made ready for, by its end: from then on they are the player's. */
  let madeFor = /** @type {number | null} */ (null);

  const faces = FACES.map((face) => {
    const radio = make("input", "");
    radio.type = "radio";
    radio.name = "face";
    radio.value = `${face}`;
    radio.required = true;
    return { radio, label: make("label", "face", radio, die(face)) };
  });
  find("faces", HTMLElement).replaceChildren(...faces.map(({ label }) => label));

  /** @returns {Bid} */
  const chosen = () => ({
    count: Number(count.value),
    face: Number(faces.find(({ radio }) => radio.checked)?.radio.value),
  });

  /** @param {Bid} bid */
  const choose = (bid) => {
    count.value = `${bid.count}`;
    for (const { radio } of faces) radio.checked = Number(radio.value) === bid.face;
    look();
  };

  const look = () => {
    const bid = chosen();
    raise.textContent = `Bid ${bid.count} × ${bid.face}`;
    raise.disabled = !beats(bid, known.table.bid?.[1]) || !count.validity.valid;
  };

  form.oninput = look;
  form.onsubmit = (event) => {
    event.preventDefault();
    if (!raise.disabled) send({ _tag: "Bid", ...chosen() });
  };
  const step = (/** @type {number} */ by) => () => {
    const most = Number(count.max);
    count.value = `${Math.min(most, Math.max(1, Number(count.value) + by))}`;
    look();
  };
  find("fewer", HTMLElement).onclick = step(-1);
  find("more", HTMLElement).onclick = step(1);
  call.onclick = () => send({ _tag: "Call" });
  startButton.onclick = () => send({ _tag: "Start" });
  sitButton.onclick = sit;

  const show = () => {
    const { me, table } = known;
    const isSeated = table.seats.some(([id]) => id === me);
    const isRunning = table.turn !== null;
    const isMine = isRunning && table.turn === me;
    const dice = table.seats.reduce((sum, [, dice]) => sum + dice, 0);

    form.hidden = !isRunning || !isSeated || known.dice.length === 0;
    fields.disabled = !isMine;
    count.max = `${dice}`;
    call.disabled = !table.bid;
    if (isMine && madeFor !== table.until) {
      madeFor = table.until;
      choose(lowest(table.bid?.[1], known.dice, dice));
      // What had the focus could no longer have it. Not the number: a phone would show its keys.
      const face = faces.find(({ radio }) => radio.checked);
      if (document.activeElement === document.body) face?.radio.focus();
    }
    look();

    between.hidden = !form.hidden || me === "";
    startButton.hidden = isRunning || !isSeated || table.seats.length < 2;
    sitButton.hidden = isRunning || isSeated || table.seats.length >= SEATS;
    find("between-words", HTMLElement).textContent = wait(isRunning, isSeated, table.seats.length);
  };
  return { show };
}

/**
 * @param {Bid} bid
 * @param {Bid | undefined} standing
 */
const beats = (bid, standing) =>
  !standing ||
  bid.count > standing.count ||
  (bid.count === standing.count && bid.face > standing.face);

/**
 * The lowest bid that may follow, or where nothing was bid yet one that is no lie.
 *
 * @param {Bid | undefined} standing
 * @param {number[]} own
 * @param {number} dice
 * @returns {Bid}
 */
function lowest(standing, own, dice) {
  if (!standing) return { count: 1, face: own[0] ?? 1 };
  const { count, face } = standing;
  if (face < 6) return { count, face: face + 1 };
  return { count: Math.min(count + 1, dice), face: 1 };
}

/**
 * What there is to wait for.
 *
 * @param {boolean} isRunning
 * @param {boolean} isSeated
 * @param {number} seats
 */
function wait(isRunning, isSeated, seats) {
  if (isRunning)
    return isSeated ? "You have lost all your dice." : "You watch, and see nobody's dice.";
  if (!isSeated) return seats < SEATS ? "There is a place for you." : "All seats are taken.";
  return seats < 2 ? "Send somebody the link: it takes two to play." : "Ready when you are.";
}
