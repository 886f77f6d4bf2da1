#!/usr/bin/env bash
# A full JetStream stream that keeps the last value of each subject still takes new values for old subjects on one server, and refuses them all on three.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0 (and so key-value buckets, which are such streams).
# Guessed:  with one value a subject and `discard: new`, a new value takes the place of the old one, so that a full stream can't grow and has no reason to refuse it. One server does just that.
# Seen:     with three replicas the limit is checked before it is known what the value replaces: an overwrite of any subject is refused with 10077, guarded or not. With max_bytes it is the same.
# Matters:  a bucket of leases, positions or configuration that was tried on one server stands still in production once it is full: nobody renews, nobody can set a smaller value, deletes alone help.
# Source:   server/jetstream_batching.go: checkMsgHeadersPreClusteredProposal counts what is stored and in flight against the limits, before anything is replaced; one server's store (filestore.go) takes off
#           what the value replaces first.
#
# Needs npm and Go. Installs into a temporary folder, runs a cluster of three servers on the loopback interface, and ends with code 1 once the behaviour is another.

servers=3
source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
const said = (publish) => publish.then(() => "stored", (error) => `refused with ${error.code}`)
const value = "x".repeat(1_000)
for (const replicas of [1, 3]) {
  for (const [limit, config] of [["max_msgs", { max_msgs: 3 }], ["max_bytes", { max_bytes: 3_500 }]]) {
    const name = `${limit}-${replicas}`
    await made({ name, subjects: [`${name}.>`], num_replicas: replicas, discard: "new", max_msgs_per_subject: 1, ...config })
    for (const key of ["A", "B", "C"]) await js.publish(`${name}.${key}`, value)
    const taken = replicas === 1 ? "stored" : "refused with 10077"
    const what = `${replicas === 1 ? "one replica" : "three replicas"}, full by ${limit}`
    see(`${what}: a fourth subject`, await said(js.publish(`${name}.D`, value)), "refused with 10077")
    see(`${what}: a new value of a subject that is there`, await said(js.publish(`${name}.A`, value)), taken)
    // A guard is a header, which makes the message longer: a matter of bytes of its own.
    if (limit === "max_bytes") continue
    see(`${what}: the same, with the right guard`, await said(js.publish(`${name}.B`, value, { expect: { lastSubjectSequence: 2 } })), taken)
  }
}
JS
