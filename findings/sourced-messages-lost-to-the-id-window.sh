#!/usr/bin/env bash
# A JetStream stream that sources two streams drops a message whose Nats-Msg-Id the other one used too, and reports no lag.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  message ids are per stream, so what two streams stored under one id are two messages, and an aggregate holds both; if not, it says so.
# Seen:     with a duplicate_window in the aggregate the second is dropped: no error, no advisory, lag 0 for both sources. Without one (the default of a stream that has sources) both are kept.
# Source:   server/stream.go: a sourced message goes through the same look-up of message ids as a published one, and errMsgIdDuplicate counts as taken (processInboundSourceMsg).
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
await jsm.streams.add({ name: "SHOP", subjects: ["shop.>"] })
await jsm.streams.add({ name: "TILL", subjects: ["till.>"] })
await js.publish("shop.order", "sold in the shop", { msgID: "order-1" })
await js.publish("till.order", "sold at the till", { msgID: "order-1" })
const sources = [{ name: "SHOP" }, { name: "TILL" }]
await jsm.streams.add({ name: "WITH", sources, duplicate_window: nanos(60_000) })
await jsm.streams.add({ name: "WITHOUT", sources })
const informed = (stream) => jsm.streams.info(stream)
await until("both sources were read to their ends", async () => {
  const both = await Promise.all(["WITH", "WITHOUT"].map(informed))
  return both.every((info) => info.sources?.length === 2 && info.sources.every((source) => source.active >= 0 && source.lag === 0)) && both[1].state.messages === 2
})
await pause(2_000)
const looked = await informed("WITH")
see("messages in the aggregate with a window", looked.state.messages, 1)
see("lag of its sources", looked.sources.map((source) => source.lag), [0, 0])
see("messages in the aggregate without one", (await informed("WITHOUT")).state.messages, 2)
JS
