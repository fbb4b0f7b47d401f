/** Labels of one sample; their order is kept. */
export type Labels = Readonly<Record<string, string>>;

/** A metric that can be written in the Prometheus text format. */
export interface Metric {
  /** Its lines: HELP, TYPE, samples. */
  expose(): string;
}

/** Media type of {@linkcode expose}. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Metrics in the Prometheus text format.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function expose(metrics: readonly Metric[]): string {
  return metrics.map((metric) => metric.expose()).join("");
}

/** A value for each set of labels: a counter, or a gauge. */
export class Samples implements Metric {
  readonly #head: string;
  readonly #name: string;
  readonly #values = new Map<string, number>();

  constructor(type: "counter" | "gauge", name: string, help: string) {
    this.#name = name;
    this.#head = head(type, name, help);
  }

  /** Adds to a value. */
  add(labels: Labels, amount = 1): void {
    const key = labelText(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }

  /** Sets a value. */
  set(labels: Labels, value: number): void {
    this.#values.set(labelText(labels), value);
  }

  /** A value, 0 where there is none. */
  get(labels: Labels): number {
    return this.#values.get(labelText(labels)) ?? 0;
  }

  /** The sum over all labels. */
  get total(): number {
    return this.#values.values().reduce((sum, value) => sum + value, 0);
  }

  expose(): string {
    return this.#head +
      this.#values.entries().map(([labels, value]) => sample(this.#name, labels, value))
        .toArray().join("");
  }
}

/** A counter of ours. */
export function counter(name: string, help: string): Samples {
  return new Samples("counter", `claude_proxy_${name}`, help);
}

/** A gauge of ours. */
export function gauge(name: string, help: string): Samples {
  return new Samples("gauge", `claude_proxy_${name}`, help);
}

/** Counts of observations up to each bound, for each set of labels. */
export class Histogram implements Metric {
  readonly #name: string;
  readonly #head: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { labels: Labels; counts: number[]; sum: number }>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#head = head("histogram", name, help);
    this.#bounds = bounds;
  }

  /** Counts one observation. */
  observe(labels: Labels, value: number): void {
    const key = labelText(labels);
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, counts: new Array(this.#bounds.length + 1).fill(0), sum: 0 };
      this.#series.set(key, series);
    }
    const index = this.#bounds.findIndex((bound) => value <= bound);
    series.counts[index < 0 ? this.#bounds.length : index]!++;
    series.sum += value;
  }

  expose(): string {
    let text = this.#head;
    for (const { labels, counts, sum } of this.#series.values()) {
      let count = 0;
      for (const [index, bound] of [...this.#bounds, "+Inf"].entries()) {
        count += counts[index]!;
        text += sample(`${this.#name}_bucket`, labelText({ ...labels, le: String(bound) }), count);
      }
      text += sample(`${this.#name}_sum`, labelText(labels), sum);
      text += sample(`${this.#name}_count`, labelText(labels), count);
    }
    return text;
  }
}

function head(type: string, name: string, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function sample(name: string, labels: string, value: number): string {
  return `${name}${labels} ${value}\n`;
}

function labelText(labels: Labels): string {
  let text = "";
  for (const name in labels) text += `${text && ","}${name}="${escape(labels[name]!)}"`;
  return text && `{${text}}`;
}

function escape(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
