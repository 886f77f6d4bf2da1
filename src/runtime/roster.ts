/** Who is alive, as a worker last heard it: what each said of itself, and when it said so. */
import type { AnnouncedMember, Member } from "../ports/broker.ts"
import type { MemberSeen } from "./outage.ts"

/** Names of the workers, sorted. */
export const namesOf = (members: ReadonlyArray<Member>): ReadonlyArray<string> => members.map(({ worker }) => worker).sort()

/** The part of what members say that roles depend on: who they are, what they can't read, and what they have caught up with. The rest changes every second, and is left out. */
const rolesText = (members: ReadonlyArray<Member>): string =>
  JSON.stringify(members.map(({ worker, unreadable, caughtUp }) => [worker, unreadable, caughtUp]))

/** Who is alive, and when each was last heard. */
export class Roster {
  /** Null before anything was heard. */
  members: ReadonlyArray<AnnouncedMember> | null = null
  heard: ReadonlyMap<string, MemberSeen> = new Map()
  heardMs: number

  /** On the monotonic clock. */
  constructor(nowMs: number) {
    this.heardMs = nowMs
  }

  /** Takes what is alive now; who was announced anew was heard now. Returns whether roles may have changed. */
  hear(alive: ReadonlyArray<AnnouncedMember>, nowMs: number): boolean {
    const before = this.heard
    this.heardMs = nowMs
    this.heard = new Map(
      alive.map((member) => {
        const known = before.get(member.worker)
        return [member.worker, { member, heardMs: known === undefined || known.member.beat !== member.beat ? nowMs : known.heardMs }]
      }),
    )
    const isNews = this.members === null || rolesText(this.members) !== rolesText(alive)
    this.members = alive
    return isNews
  }
}
