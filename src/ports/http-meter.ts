/**
 * What a gateway reports to whoever measures it. Plain synchronous calls, one a request or rarer. No label is made of what a client wrote: routes are those of the interface, senders those that there are.
 */
import { Context } from "effect"

/** Why a request was let in no further. */
export const TurnedAway = ["KeyMissing", "KeyUnknown", "KeyRevoked", "KeyScope", "TooManyRequests", "TooManyStreams"] as const
export type TurnedAway = (typeof TurnedAway)[number]

/** Why a client of the feed was dropped: more waited for it than may, or it read nothing for too long. */
export const StreamDropped = ["behind", "stalled"] as const
export type StreamDropped = (typeof StreamDropped)[number]

/** Where a gateway reports what it measured. */
export class HttpMeter extends Context.Service<
  HttpMeter,
  {
    /** `route`: the address as the interface declares it; "none" for what is at no address. */
    readonly answered: (route: string, method: string, status: number, seconds: number) => void
    readonly turnedAway: (why: TurnedAway) => void
    /** Commands of a request, by what became of them: `accepted`, `undecided`, or the name of a problem. */
    readonly commandAnswered: (became: string) => void
    /** How many streams of events are open. */
    readonly streams: (open: number) => void
    readonly streamDropped: (why: StreamDropped) => void
  }
>()("holdfast/ports/HttpMeter") {}
