/**
 * The operating errors of the ports. Each says what its caller must do; none is a business "no".
 */
import { Schema } from "effect"

/** The append may or may not be stored. Read the journal's end; never answer "failed", never append anything else before that. */
export class AppendUnknown extends Schema.TaggedError<AppendUnknown>()("AppendUnknown", {
  partition: Schema.Int,
  cause: Schema.String,
}) {
  override get message(): string {
    return `an append to partition ${this.partition} may or may not be stored: ${this.cause}`
  }
}

/** The broker did not answer a read or a write that changes no decision. Try again later. */
export class BrokerUnavailable extends Schema.TaggedError<BrokerUnavailable>()("BrokerUnavailable", {
  operation: Schema.String,
  cause: Schema.String,
}) {
  override get message(): string {
    return `${this.operation}: the broker did not answer: ${this.cause}`
  }
}

/** The broker is there and does not let this login in. Asking again changes nothing: somebody has to give the right one. */
export class LoginRefused extends Schema.TaggedError<LoginRefused>()("LoginRefused", {
  operation: Schema.String,
  cause: Schema.String,
}) {
  override get message(): string {
    return `${this.operation}: the broker refuses this login: ${this.cause}`
  }
}

/** Somebody else holds what was asked for, or held it in between (a lease, a key). The caller gives way. */
export class Superseded extends Schema.TaggedError<Superseded>()("Superseded", {
  key: Schema.String,
  holder: Schema.String,
}) {
  override get message(): string {
    return `${this.key} is held by ${this.holder}`
  }
}

/** The cluster isn't as this process was told. Nothing was changed; an operator has to decide. `remedy` says between what. */
export class TopologyMismatch extends Schema.TaggedError<TopologyMismatch>()("TopologyMismatch", {
  what: Schema.String,
  expected: Schema.String,
  found: Schema.String,
  remedy: Schema.String,
}) {
  override get message(): string {
    return `${this.what} is ${this.found}, not ${this.expected}: ${this.remedy}`
  }
}

/** The archive can't be read or written, or doesn't fit the journal. Nothing was purged because of it. `remedy` says what to do. */
export class ArchiveFailed extends Schema.TaggedError<ArchiveFailed>()("ArchiveFailed", {
  operation: Schema.String,
  cause: Schema.String,
  remedy: Schema.String,
}) {
  override get message(): string {
    return `${this.operation}: ${this.cause}. ${this.remedy}`
  }
}

/** The database could not be asked or written to. Decisions don't need it; whoever does tries again later, unless `isLasting`: then somebody has to do what `remedy` says first. */
export class DatabaseUnavailable extends Schema.TaggedError<DatabaseUnavailable>()("DatabaseUnavailable", {
  operation: Schema.String,
  cause: Schema.String,
  remedy: Schema.String,
  isLasting: Schema.Boolean,
}) {
  override get message(): string {
    return `${this.operation}: ${this.cause}. ${this.remedy}`
  }
}

/** The database holds what this build, or this cluster, can't go on from. Nothing was changed. `remedy` says what to do. */
export class DatabaseMismatch extends Schema.TaggedError<DatabaseMismatch>()("DatabaseMismatch", {
  what: Schema.String,
  expected: Schema.String,
  found: Schema.String,
  remedy: Schema.String,
}) {
  override get message(): string {
    return `${this.what} is ${this.found}, not ${this.expected}: ${this.remedy}`
  }
}

/** The server's permissions do not allow it. Nothing was stored; use the credentials of that sender. */
export class NotPermitted extends Schema.TaggedError<NotPermitted>()("NotPermitted", { operation: Schema.String, cause: Schema.String }) {
  override get message(): string {
    return `${this.operation} is not permitted to these credentials: ${this.cause}`
  }
}

/** No answer in time: it may have been decided, and if `stored` is true it will be. Ask again with the same id. */
export class AnswerUnknown extends Schema.TaggedError<AnswerUnknown>()("AnswerUnknown", {
  cause: Schema.String,
  stored: Schema.optionalKey(Schema.Literal(true)),
}) {
  override get message(): string {
    return `no answer in time, ask again with the same id: ${this.cause}`
  }
}
