/**
 * What runs now, in slots that are used again.
 *
 * A `Set` with as much coming and going as requests cause keeps what it let go: each time V8 replaces
 * the set's table, the old table points to the new one, and once an old one has been promoted to the
 * old generation, all that later ones held survives until a full collection. Measured on Deno 2.9.6,
 * that took 18 µs of each request for collecting garbage, where slots take 6.
 */
export class Slots<Item extends object> {
  readonly #slots: (Item | undefined)[] = [];
  readonly #free: number[] = [];

  /** How many there are. */
  get size(): number {
    return this.#slots.length - this.#free.length;
  }

  /** Takes an item in, and returns its slot. */
  add(item: Item): number {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = item;
    return slot;
  }

  /** Empties the slot if the item is still in it, and tells whether it was. */
  delete(slot: number, item: Item): boolean {
    if (this.#slots[slot] !== item) return false;
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    return true;
  }

  /** Every item, with its slot. */
  *entries(): Generator<[slot: number, item: Item]> {
    for (const [slot, item] of this.#slots.entries()) {
      if (item !== undefined) yield [slot, item];
    }
  }
}
