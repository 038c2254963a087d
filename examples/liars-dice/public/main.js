// The page: the door, and behind it a table.

import { find } from "./dom.js";
import { enter } from "./game.js";
import { keepName, keptName, newTable, tableOfAddress } from "./who.js";

const door = find("door", HTMLElement);
const nameField = find("door-name", HTMLInputElement);
const tableField = find("door-table", HTMLInputElement);

let leave = () => {};

/** Whether somebody said at the door, before this page was loaded anew, that they only watch. */
const watches = () => sessionStorage.getItem("watches") === tableOfAddress();

function start() {
  leave();
  leave = () => {};
  const [table, name] = [tableOfAddress(), sessionStorage.getItem("name")];
  door.hidden = Boolean(table && name);
  if (table && name) {
    leave = enter(table, name, watches(), { comeBack: start, sit });
  } else {
    nameField.value = keptName();
    tableField.value = table || newTable();
    (nameField.value ? tableField : nameField).focus();
  }
}

function sit() {
  sessionStorage.removeItem("watches");
  start();
}

find("door-form", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  keepName(nameField.value.trim());
  const onlyWatches = event.submitter?.getAttribute("name") === "watch";
  if (onlyWatches) sessionStorage.setItem("watches", tableField.value);
  else sessionStorage.removeItem("watches");
  history.pushState(null, "", `#${tableField.value}`);
  start();
};
find("leave", HTMLElement).onclick = () => {
  history.pushState(null, "", location.pathname);
  sessionStorage.removeItem("name");
  start();
};
addEventListener("popstate", start);
start();
