#!/usr/bin/env bash
# On three JetStream servers, two writers who guard the same subjects in two spellings of one filter are both let in; on one server one of them is refused.
#
# Software: nats-server {2.14.9, 2.15.2} (the same on both), @nats-io/jetstream 3.4.0.
# Guessed:  a guard on the last sequence under a filter (the expected last subject sequence, with a filter of its own) is compared with what the stream holds, under whatever name that is asked for.
# Seen:     with three replicas, what is accepted and on its way is found under the literal text of the filter. Two writers that expect the same, one under `shelf.>` and one under `shelf.*`, are both
#           accepted, in every round; under one spelling one of them is refused each time. With one replica the two spellings conflict as they should.
# Matters:  tests on one server show a lock that isn't there in production. It costs no fault, no load and no bad luck: two requests at about the same moment.
# Source:   server/jetstream_batching.go: checkMsgHeadersPreClusteredProposal looks up what is in flight in a map with the filter as its key.
#
# Needs npm and Go. Installs into a temporary folder, runs a cluster of three servers on the loopback interface, and ends with code 1 once the behaviour is another.

servers=3
source "$(dirname "${BASH_SOURCE[0]}")/jetstream.bash"
look_at_jetstream <<'JS'
const rounds = 20
const guarded = (subject, expected, filter) =>
  js.publish(subject, "", { expect: { lastSubjectSequence: expected, lastSubjectSequenceSubject: filter } }).then(
    () => "accepted",
    (error) => (error.code === 10071 || error.code === 10164 ? "refused" : `failed: ${error.message}`),
  )
/** In how many rounds of two writers at once both were accepted, and in how many exactly one was. */
const raced = async (stream, one, other) => {
  const seen = { both: 0, one: 0, else: 0 }
  for (let round = 0; round < rounds; round += 1) {
    const { last_seq } = await state(stream)
    const said = await Promise.all([
      guarded(`${stream}.shelf.A`, last_seq, `${stream}.shelf.${one}`),
      guarded(`${stream}.shelf.B`, last_seq, `${stream}.shelf.${other}`),
    ])
    const accepted = said.filter((word) => word === "accepted").length
    seen[said.some((word) => word.startsWith("failed")) ? "else" : ["else", "one", "both"][accepted]] += 1
  }
  return seen
}
for (const [replicas, text] of [[1, "one"], [3, "three"]]) {
  const name = `ON-${replicas}`
  await made({ name, subjects: [`${name}.>`], num_replicas: replicas })
  see(`${text}: one spelling`, await raced(name, ">", ">"), { both: 0, one: rounds, else: 0 })
  const seen = await raced(name, ">", "*")
  // A race: most rounds are enough to say that nothing stands in the way.
  if (replicas === 3) see(`${text}: two spellings, both accepted in at least ${rounds / 2} of ${rounds} rounds`, seen.both >= rounds / 2 && seen.else === 0, true)
  else see(`${text}: two spellings`, seen, { both: 0, one: rounds, else: 0 })
}
JS
