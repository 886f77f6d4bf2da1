/** Stands in for `k6/timers`. */
const { setTimeout: later, clearTimeout: not } = globalThis

export { later as setTimeout, not as clearTimeout }
