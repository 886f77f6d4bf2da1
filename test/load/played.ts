/** A run of load as a recorder saw it, and what a test says of it beside that. */
import type { Recorder } from "../../load/play/recorder.ts"
import type { Played } from "../../load/play/verdict.ts"

export const playedOf = (recorder: Recorder, changed: Partial<Played>): Played => ({
  profile: "flash-sale",
  over: "nats",
  target: "here",
  startedAt: "2026-11-27T00:00:00.000Z",
  seconds: recorder.seconds(),
  server: [],
  times: recorder.times(),
  whys: recorder.whys(),
  late: recorder.late(),
  shoppers: recorder.shoppers,
  planned: recorder.shoppers,
  repeats: recorder.repeats,
  contradicted: recorder.contradicted,
  cutOff: 0,
  audit: null,
  isPartial: false,
  ...changed,
})
