// The types of the rooms, made of the Rust ones by `dormouse::typescript!` in `cargo test`.

export type Rooms = {
  chat: Chat.Room;
  echo: Echo.Room;
  history: History.Room;
  lobby: Lobby.Room;
  reminders: Reminders.Room;
};

export namespace Chat {
  export interface Room {
    message: Message;
    inside: Message;
    broadcast: Broadcast;
    state: State;
    connection: Member;
    upgrade: null;
  }

  /** What clients and API calls may send. */
  export type Message =
    | {
        _tag: "Say";
        /** The words. */
        text: string;
      }
    | {
        _tag: "Typing";
      };

  /** What clients hear. */
  export type Broadcast =
    | {
        _tag: "UserJoined";
        /** Who. */
        userId: string;
      }
    | {
        _tag: "UserLeft";
        /** Who. */
        userId: string;
      }
    | {
        _tag: "Message";
        /** The words. */
        text: string;
        /** Whose; `system` for what came from an API call. */
        userId: string;
        /** When. */
        ts: number;
      }
    | {
        _tag: "Typing";
        /** Who. */
        userId: string;
      };

  /** What the room remembers. */
  export type State = {
    /** When the first connection was made. */
    createdAt: number;
    /** How often something was said. */
    messageCount: number;
  };

  /** What a connection remembers. */
  export type Member = {
    /** Whose connection it is. */
    userId: string;
    /** When it was made. */
    joinedAt: number;
  };
}

export namespace Echo {
  export interface Room {
    message: string;
    inside: string;
    broadcast: string;
    state: null;
    connection: null;
    upgrade: null;
  }
}

export namespace History {
  export interface Room {
    message: Message;
    inside: Message;
    broadcast: Broadcast;
    state: null;
    connection: Guest;
    upgrade: Invited | null;
  }

  /** What clients may send. */
  export type Message =
    | {
        type: "join";
        /** 1 to 64 characters. */
        name: string;
      }
    | {
        type: "chat";
        /** 1 to 4,096 characters. */
        message: string;
      }
    | {
        type: "update-name";
        /** 1 to 64 characters. */
        name: string;
      };

  /** What clients hear. */
  export type Broadcast =
    | {
        type: "chat";
        /** By whom. */
        from: string;
        /** The words. */
        message: string;
        /** When. */
        timestamp: number;
      }
    | {
        type: "system";
        /** What. */
        message: string;
        /** When. */
        timestamp: number;
      }
    | {
        type: "users";
        /** Their names. */
        users: Array<string>;
      }
    | {
        type: "rate-limit";
        /** Seconds until another passes. */
        retryAfter: number;
      }
    | {
        type: "error";
        /** The error's code. */
        code: string;
        /** The error's message. */
        message: string;
      };

  /** What a connection remembers. */
  export type Guest = {
    /** The name it has joined with; none before. */
    name: string | null;
    /** The first row that was said while it was connected. */
    since: number;
  };

  /**
   * What an upgrade may bring: with a name its connection has joined at once, and also when it comes
   * back too late to be the same.
   */
  export type Invited = {
    /** 1 to 64 characters. */
    name: string;
  };
}

export namespace Lobby {
  export interface Room {
    message: string;
    inside: string;
    broadcast: string;
    state: null;
    connection: null;
    upgrade: null;
  }
}

export namespace Reminders {
  export interface Room {
    message: string;
    inside: string;
    broadcast: string;
    state: State;
    connection: null;
    upgrade: null;
  }

  /** What the room remembers. */
  export type State = {
    /** How many reminders there have been: the next one's number. */
    made: number;
    /** How many are yet to come. */
    pending: number;
  };
}
