/**
 * Counts with prom-client what a gateway reports. Labels are routes of the interface, statuses and names of closed lists: never what a client wrote.
 */
import { Effect, Layer } from "effect"
import { RefusalReason } from "../domain/refusals.ts"
import { HttpMeter, StreamDropped, TurnedAway } from "../ports/http-meter.ts"
import { metricsOf } from "./making.ts"
import { MetricsRegistry } from "./metrics.ts"

const makeMeter = Effect.map(MetricsRegistry, (registry) => {
  const { counter, gauge, histogram } = metricsOf(registry)
  const requests = counter("httpRequests")
  const seconds = histogram("httpRequestSeconds")
  const turnedAway = counter("httpTurnedAway")
  const commands = counter("httpCommands")
  const streams = gauge("httpEventStreams")
  const dropped = counter("httpEventStreamsDropped")
  requests.inc({ route: "none", method: "GET", status: 404 }, 0)
  for (const became of ["accepted", "undecided", ...RefusalReason]) commands.inc({ became }, 0)
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
