// The types of the rooms, made of the Rust ones by `dormouse::typescript!` in `cargo test`.

export type Rooms = {
  order: Order.Room;
};

export namespace Order {
  export interface Room {
    message: Message;
    inside: Message;
    broadcast: Broadcast;
    state: State;
    connection: Visitor;
    upgrade: Visitor;
  }

  /** What comes in. */
  export type Message =
    | {
        type: "status";
        /** Where. */
        status: string;
      }
    | {
        type: "note";
        /** What. */
        text: string;
      };

  /** What goes out. */
  export type Broadcast =
    | {
        type: "status";
        /** Where. */
        status: string;
      }
    | {
        type: "note";
        /** Who. */
        from: string;
        /** What. */
        text: string;
      };

  /** What the room remembers. */
  export type State = {
    /** Where the order is. */
    status: string;
  };

  /** What a connection remembers. The Worker gives it: who may connect is its affair. */
  export type Visitor = {
    /** The name that the Worker knows. */
    name: string;
    /** Whether it is staff. */
    staff: boolean;
  };
}
