/** Where a test's gateway reports what it measured, and what it reported. */
import type { HttpMeter } from "../../src/ports/http-meter.ts"

export interface Metered {
  readonly turnedAway: Array<string>
  readonly became: Array<string>
  readonly dropped: Array<string>
  readonly answered: Array<string>
  streams: number
}

export const metering = (): { readonly seen: Metered; readonly meter: HttpMeter["Service"] } => {
  const seen: Metered = { turnedAway: [], became: [], dropped: [], answered: [], streams: 0 }
  return {
    seen,
    meter: {
      answered: (route, method, status) => seen.answered.push(`${method} ${route} ${status}`),
      turnedAway: (why) => seen.turnedAway.push(why),
      commandAnswered: (became) => seen.became.push(became),
      streams: (open) => {
        seen.streams = open
      },
      streamDropped: (why) => seen.dropped.push(why),
    },
  }
}
