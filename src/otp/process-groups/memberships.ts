/**
 * Who is in which group, and how often. Pure: joining n times gives n memberships, leaving takes one away, a group
 * without members is none. Source: Erlang/OTP `pg`; OTP N4.
 */
export class Memberships<Group, Member> {
  readonly #groups = new Map<Group, Map<Member, number>>();
  readonly #ofMember = new Map<Member, Set<Group>>();
  #size = 0;

  /** Memberships in all. */
  get size(): number {
    return this.#size;
  }

  /** Groups with members. */
  get groupCount(): number {
    return this.#groups.size;
  }

  join(group: Group, member: Member): void {
    let members = this.#groups.get(group);
    if (members === undefined) this.#groups.set(group, (members = new Map()));
    const count = members.get(member) ?? 0;
    members.set(member, count + 1);
    this.#size++;
    if (count > 0) return;
    const groups = this.#ofMember.get(member);
    if (groups === undefined) this.#ofMember.set(member, new Set([group]));
    else groups.add(group);
  }

  /** Takes one membership away. False when there is none. */
  leave(group: Group, member: Member): boolean {
    const count = this.#groups.get(group)?.get(member);
    if (count === undefined) return false;
    if (count === 1) this.#remove(group, member);
    else this.#groups.get(group)?.set(member, count - 1);
    this.#size--;
    return true;
  }

  /** Takes all memberships of a member away: its groups, and how often it was in each. */
  drop(member: Member): readonly (readonly [group: Group, count: number])[] {
    const dropped = [...(this.#ofMember.get(member) ?? [])].map(
      (group) => [group, this.#groups.get(group)?.get(member) ?? 0] as const,
    );
    for (const [group, count] of dropped) {
      this.#remove(group, member);
      this.#size -= count;
    }
    return dropped;
  }

  /** Each as often as it has joined, in the order of the first joins. */
  *members(group: Group): IterableIterator<Member> {
    for (const [member, count] of this.#groups.get(group) ?? [])
      for (let times = 0; times < count; times++) yield member;
  }

  /** Each once. */
  distinct(group: Group): IterableIterator<Member> | readonly Member[] {
    return this.#groups.get(group)?.keys() ?? [];
  }

  groups(): IterableIterator<Group> {
    return this.#groups.keys();
  }

  has(group: Group): boolean {
    return this.#groups.has(group);
  }

  isMember(member: Member): boolean {
    return this.#ofMember.has(member);
  }

  #remove(group: Group, member: Member): void {
    const members = this.#groups.get(group);
    members?.delete(member);
    if (members?.size === 0) this.#groups.delete(group);
    const groups = this.#ofMember.get(member);
    groups?.delete(group);
    if (groups?.size === 0) this.#ofMember.delete(member);
  }
}
