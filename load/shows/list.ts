/**
 * Which scripts of load/ `npm run shows` runs, each with settings so small that all of them together take a part of a night, and which it doesn't run, and why.
 *
 * Small settings show that a script still runs and that what it holds to be so is so. They measure little: where a figure needs more than that, its bound is lowered here, and the promise is held by the full size.
 * A new script is put into one of the two lists: a test asks for it.
 */

export interface Show {
  /** `folder`: for files of its own, removed afterwards. */
  readonly args: (folder: string) => ReadonlyArray<string>
}

const show = (...args: ReadonlyArray<string>): Show => ({ args: () => args })

/** By their names in package.json, the quick ones first. */
export const shows = {
  trace: show(),
  "feed-lag": show("--seconds", "5"),
  "frozen-ingress": show("--frozen-seconds", "3", "--messages", "100"),
  "front-door": show("--messages", "500"),
  clocks: show(),
  "full-stream": show("--max-mb", "4", "--minutes", "0.2"),
  // Where server, worker and generator share two cores: docs/adr/0013-front-door.md says what a flood costs there.
  flood: show("--seconds", "5", "--quiet-seconds", "4", "--peak-seconds", "3", "--times", "4", "--share", "0.4", "--median-times", "80"),
  load: show("flash-sale", "--rate", "60", "--seconds", "10"),
  scale: show("--processes", "1,2", "--rounds", "1", "--rate", "60", "--seconds", "10"),
  "last-units": show("--rounds", "5", "--clients", "100"),
  "order-rush": show("--rounds", "40", "--clients", "20", "--kill-every", "5"),
  "time-travel": show("--invented", "300", "--moments", "4"),
  outages: show("killed", "halted", "settings", "server-killed", "one-of-three-killed"),
  chaos: show("--buyers", "16", "--mib", "8"),
  retention: show("--commands", "200000", "--rounds", "10", "--kills", "4", "--record", "32"),
  recovery: show("--commands", "1200000"),
  "restore-drill": show("--rounds", "2", "--round-ms", "2000", "--buyers", "8"),
  "demo:kills": show("--moments", "2", "--orders-count", "1000", "--seconds", "5"),
  "projector:kills": show("--kills", "3", "--restarts", "1", "--buyers", "8"),
  // Windows this short say little of a rate.
  "projector:away": show("--turns", "1", "--seconds", "5", "--buyers", "8", "--ratio", "0.5"),
  "bench:projector": show("--commands", "10000", "--skus", "200", "--ratio", "0.2"),
  "bench:engine": show("--rounds", "1", "--commands", "8192", "--skus", "20000"),
  "bench:ingress": show(),
  // With fewer commands the room that tables keep for more would be most of what is held for each.
  "bench:audit": show(),
  bench: show("--in-flight", "1,64", "--rounds", "1", "--seconds", "1", "--skus", "2000"),
  "bench:e2e": show("--rounds", "1", "--seconds", "1"),
  "bench:orders": show("--rounds", "1", "--seconds", "2"),
  "bench:recovery": show("--commands", "100000", "--skus", "1000"),
  // Beside itself: no build is better than the same one.
  "side-by-side": show("--other", ".", "--sync", "never", "--cases", "64", "--rounds", "1", "--seconds", "1", "--least", "0.3"),
  growth: show("--most", "10000", "--partitions", "4", "--rounds", "1", "--seconds", "1", "--kills", "1"),
  memory: show("--seconds", "15", "--resend-after", "5", "--least", "10000"),
  "memory:ended": show("--commands", "200000", "--every", "100000"),
  "memory:dates": show("--commands", "200000"),
  alerts: show("--scenes", "shortage,one-killed,projection"),
  "http-fuzz": show("--requests", "100", "--examples", "3", "--as", "web"),
  "page:shots": { args: (folder) => ["--out", `${folder}/pictures`, "--seconds", "5", "--buyers", "2"] },
} satisfies Readonly<Record<string, Show>>

export type ShowName = keyof typeof shows
export const showNames = Object.keys(shows) as ReadonlyArray<ShowName>

/** Scripts of load/ that are not run, and why. */
export const notShown: Readonly<Record<string, string>> = {
  shows: "it runs the others",
  upgrade: "it needs a build from before this one, which somebody has to name",
}
