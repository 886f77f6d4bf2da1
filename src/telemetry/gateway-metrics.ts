/**
 * Counts with prom-client what a gateway reports. Labels are routes of the interface, statuses and names of closed lists: never what a client wrote.
 */
import { Effect, Layer } from "effect"
import { Counter, Gauge, Histogram } from "prom-client"
import { HttpMeter, StreamDropped, TurnedAway } from "../ports/http-meter.ts"
import { MetricsRegistry } from "./metrics.ts"

/** Seconds: a decision takes some milliseconds, and whoever waits gives up after tens of seconds. */
const buckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

const makeMeter = Effect.map(MetricsRegistry, (registry) => {
  const registers = [registry]
  const requests = new Counter({
    name: "holdfast_http_requests_total",
    help: "HTTP requests answered, by route, method and status.",
    labelNames: ["route", "method", "status"],
    registers,
  })
  const seconds = new Histogram({
    name: "holdfast_http_request_duration_seconds",
    help: "Seconds from a request's headers to its answer, streams of events not counted to their end.",
    labelNames: ["route"],
    buckets,
    registers,
  })
  const turnedAway = new Counter({
    name: "holdfast_http_turned_away_total",
    help: "Requests let in no further, by why.",
    labelNames: ["why"],
    registers,
  })
  const commands = new Counter({
    name: "holdfast_http_commands_total",
    help: "Commands sent through this gateway, by what became of them: accepted, undecided, or the name of the problem.",
    labelNames: ["became"],
    registers,
  })
  const streams = new Gauge({ name: "holdfast_http_event_streams", help: "Streams of events that are open.", registers })
  const dropped = new Counter({
    name: "holdfast_http_event_streams_dropped_total",
    help: "Clients of the feed that were dropped, by why: more waited for them than may, or they read nothing.",
    labelNames: ["why"],
    registers,
  })
  for (const why of TurnedAway) turnedAway.inc({ why }, 0)
  for (const why of StreamDropped) dropped.inc({ why }, 0)
  return HttpMeter.of({
    answered: (route, method, status, took) => {
      requests.inc({ route, method, status })
      seconds.observe({ route }, took)
    },
    turnedAway: (why) => turnedAway.inc({ why }),
    commandAnswered: (became) => commands.inc({ became }),
    streams: (open) => streams.set(open),
    streamDropped: (why) => dropped.inc({ why }),
  })
})

/** A gateway's meter, over the registry of the same process. */
export const gatewayMeterLayer: Layer.Layer<HttpMeter, never, MetricsRegistry> = Layer.effect(HttpMeter, makeMeter)
