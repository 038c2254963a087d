// The types of the rooms, made of the Rust ones by `dormouse::typescript!` in `cargo test`.

export type Rooms = {
  lunch: Lunch.Room;
};

export namespace Lunch {
  export interface Room {
    message: Message;
    inside: Message;
    broadcast: Broadcast;
    state: { [key in Dish]?: number };
    connection: Dish | null;
    upgrade: null;
  }

  /** What comes in. */
  export type Message = {
    _tag: "Vote";
    dish: Dish;
  };

  /** What goes out. */
  export type Broadcast = {
    _tag: "Votes";
    votes: {
      [key in Dish]?: number;
    };
  };

  /** What can be voted for. */
  export type Dish = "soup" | "pasta" | "salad";
}
