// The types of the rooms, made of the Rust ones by `dormouse::typescript!` in `cargo test`.

export type Rooms = {
  "liars-dice": LiarsDice.Room;
};

export namespace LiarsDice {
  export interface Room {
    message: Message;
    inside: Message;
    broadcast: Broadcast;
    state: Table;
    connection: null;
    upgrade: Wish;
  }

  /** What clients may send. None of it names a seat: who plays is who the connection is. */
  export type Message =
    | {
        _tag: "Start";
      }
    | {
        _tag: "Bid";
        /** How many. */
        count: number;
        /** Which face. */
        face: number;
      }
    | {
        _tag: "Call";
      }
    | {
        _tag: "Look";
      }
    | {
        _tag: "Say";
        /** The words. */
        text: string;
      };

  /** What clients hear. */
  export type Broadcast =
    | {
        _tag: "Table";
      } & View
    | {
        _tag: "Yours";
        /** Who that is. */
        id: string;
        /** The dice under the own cup; none for who does not play. */
        dice: Array<number>;
      }
    | {
        _tag: "Bid";
        /** Who. */
        by: string;
        /** What. */
        bid: Bid;
        /** Whether the clock did it for him. */
        late: boolean;
      }
    | {
        _tag: "Shown";
        /** Who called. */
        by: string;
        /** Whether the clock did it for him. */
        late: boolean;
        /** Whose bid it was. */
        bidder: string;
        /** What was bid. */
        bid: Bid;
        /** How many dice do show the face. */
        count: number;
        /** Who loses a die. */
        loser: string;
        /** Everyone's dice. */
        hands: Array<Seat>;
      }
    | {
        _tag: "Over";
        /** Who has won; nobody if all have left. */
        winner: string | null;
      }
    | {
        _tag: "Said";
        /** Who. */
        by: string;
        /** The words. */
        text: string;
      };

  /** The seats in the order of their turns, and the game that they play. */
  export type Table = {
    /** Who plays. */
    seats: Array<Seat>;
    /** None between games. */
    game: Game | null;
  };

  /** What the Worker says of a connection: whether it wants a seat. */
  export type Wish = "play" | "watch";

  /** "At least so many dice on this table show that face." */
  export type Bid = {
    /** How many dice. */
    count: number;
    /** Which face, 1 to 6. */
    face: number;
  };

  /** A game that runs. */
  export type Game = {
    /** Which seat is to move. */
    turn: number;
    /** The bid that stands, and whose it is. */
    bid: [number, Bid] | null;
  };

  /** Someone who plays, and the dice under the cup. */
  export type Seat = {
    /** Whose it is: a connection's id. */
    id: string;
    /** The dice; none once they are lost, and between games. */
    dice: Array<number>;
  };

  /** A table as everyone may see it. */
  export type View = {
    /** Who plays, and how many dice each has. */
    seats: Array<[string, number]>;
    /** Whose turn it is; none between games. */
    turn: string | null;
    /** When the turn ends. */
    until: number | null;
    /** The bid that stands, and whose it is. */
    bid: [string, Bid] | null;
    /** When the table was so, by the clock that `until` is of. */
    now: number;
  };
}
