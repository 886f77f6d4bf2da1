/** Loaded before a worker (`node --import`): the time that the process is told is off by so many milliseconds. Durations are not: a clock that is wrong runs as fast as any. */
const offMs = Number(process.env.CHAOS_CLOCK_OFF_MS ?? "0")
const right = Date.now.bind(Date)
Date.now = () => right() + offMs
