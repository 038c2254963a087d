// The types of the rooms, made of the Rust ones by `dormouse::typescript!` in `cargo test`.

export type Rooms = {
  "all-shapes": AllShapes.Room;
};

export namespace AllShapes {
  export interface Room {
    message: Message;
    inside: Message;
    broadcast: Broadcast;
    state: State;
    connection: Connection;
    upgrade: null;
  }

  /** Tagged outside. */
  export type Message =
    | "bare"
    | {
        one: number;
      }
    | {
        two: [number, string];
      }
    | {
        named: {
          "kebab-name": boolean;
        };
      };

  /** Tagged inside, and all that a field can be. */
  export type Broadcast =
    | {
        _tag: "Nothing";
      }
    | {
        _tag: "Wrapped";
      } & Page<Point>
    | {
        _tag: "Fields";
        largeNumber: number;
        size: number;
        real: number;
        maybe: string | null;
        absent?: string | null;
        byName: {
          [key in string]: Array<Point>;
        };
        pair: [number, string];
        letter: string;
        unit: null;
        boxed: Kind;
        who: string;
        tag: string;
        at: number;
        anything: JsonValue;
        width: number;
        height: number;
      };

  /** Tagged beside. */
  export type State =
    | {
        kind: "Empty";
      }
    | {
        kind: "Full";
        value: Array<Wrapper>;
      };

  /** Not tagged. */
  export type Connection =
    | number
    | {
        words: Array<string>;
      };

  export type JsonValue =
    | number
    | string
    | boolean
    | Array<JsonValue>
    | {
        [key in string]: JsonValue;
      }
    | null;

  export type Kind = "Small" | "Large";

  /** Of anything. */
  export type Page<T> = {
    rows: Array<T>;
    next: Page<T> | null;
  };

  /** Without a field name. */
  export type Point = [number, number];

  export type Wrapper = string;
}
