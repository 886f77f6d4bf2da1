#!/usr/bin/env bash
# A JetStream consumer that is to start at a time ahead of now delivers what is stored before that time.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  by_start_time gives messages whose time is the start time or later, whenever they are stored.
# Seen:     the start time becomes a sequence when the consumer is made: with a start time an hour ahead that is the next message, and it is delivered at once, an hour early.
# Source:   the server's selectStartingSeqNo (server/consumer.go) asks the store for the sequence of the time, once; the store answers its end + 1 for a time ahead.
#
# Needs npm and Go. Installs into a temporary folder, runs one server on the loopback interface, and ends with code 1 once the behaviour is another.

source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
const ahead = new Date(Date.now() + 3_600_000)
await jsm.streams.add({ name: "SALES", subjects: ["sale.>"] })
await js.publish("sale.1", "before the consumer")
await jsm.consumers.add("SALES", { durable_name: "from-midnight", ack_policy: AckPolicy.None, deliver_policy: DeliverPolicy.StartTime, opt_start_time: ahead.toISOString() })
await js.publish("sale.2", "an hour before the start time")
const message = await (await js.consumers.get("SALES", "from-midnight")).next({ expires: 5_000 })
see("delivered", message?.string(), "an hour before the start time")
see("stored before the consumer's start time", message !== null && Number(BigInt(message.info.timestampNanos) / 1_000_000n) < ahead.getTime(), true)
JS
