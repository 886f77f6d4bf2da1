/**
 * Makes the wall clock of the process that it is loaded into wrong, by WRONG_CLOCK_MS milliseconds: ahead, or behind where that is negative.
 *
 * Loaded before the program (`NODE_OPTIONS=--import=…`), so that the program is the shipped one. What counts time without a calendar goes on as it was, as on a machine whose clock somebody set wrong.
 */
const aheadMs = Number(process.env.WRONG_CLOCK_MS)
if (!Number.isSafeInteger(aheadMs)) throw new Error("WRONG_CLOCK_MS says by how many milliseconds the clock is to be wrong")

const RightDate = Date
const wrongNowMs = (): number => RightDate.now() + aheadMs

// Not a class of its own: what Node makes of it elsewhere (times of files) has to stay a Date.
globalThis.Date = new Proxy(RightDate, {
  construct: (target, given, made) => Reflect.construct(target, given.length === 0 ? [wrongNowMs()] : given, made) as Date,
  apply: () => new RightDate(wrongNowMs()).toString(),
  get: (target, key, receiver) => (key === "now" ? wrongNowMs : Reflect.get(target, key, receiver)),
})
