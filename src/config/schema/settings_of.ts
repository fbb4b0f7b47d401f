import type { Kind } from "./kinds/kind.ts";
import type { NestedSection, Section, Setting, TableSchema } from "./setting.ts";

/** The members of an intersection in one object. */
export type Simplify<T> = { [K in keyof T]: T[K] };
/** Type of a setting's value. */
export type ValueOf<S extends Setting> = S["kind"] extends Kind<infer Value> ? Value : never;
/** Key of a setting that always has a value. */
export type AlwaysKey<S> = S extends { readonly default: unknown } | { readonly required: true }
  ? S extends Setting ? S["key"] : never
  : never;
/** Key of a setting whose value may be absent. */
export type MaybeKey<S> = S extends Setting ? (AlwaysKey<S> extends never ? S["key"] : never)
  : never;

/** Values of some settings; keys without default or `required` are optional. */
export type ValuesOf<Settings extends readonly Setting[]> = Simplify<
  & { [S in Settings[number] as AlwaysKey<S>]: ValueOf<S> }
  & { [S in Settings[number] as MaybeKey<S>]?: ValueOf<S> }
>;

/** Values of one table: for one with variants a union, which the setting `by` tells apart. */
export type TableOf<Schema extends TableSchema> = Schema extends {
  readonly variants: infer Variants extends NonNullable<TableSchema["variants"]>;
} ?
    | {
      [Name in keyof Variants["of"] & string]: Simplify<
        & { [By in Variants["by"]]: Name }
        & ValuesOf<Schema["settings"]>
        & ValuesOf<Variants["of"][Name]>
        & TablesIn<Schema, Name>
      >;
    }[keyof Variants["of"] & string]
    | NoVariant<Schema, Variants["by"]>
  : Simplify<ValuesOf<Schema["settings"]> & TablesIn<Schema, string>>;

/** Values of a table with variants where nobody has chosen one, if that is allowed. */
export type NoVariant<Schema extends TableSchema, By extends string> = By extends
  MaybeKey<Schema["settings"][number]>
  ? Simplify<ValuesOf<Schema["settings"]> & { [K in By]?: never } & TablesIn<Schema, never>>
  : never;

/** The tables inside a table, of those that a variant applies to. */
export type TablesIn<Schema extends TableSchema, Variant extends string> = Schema extends {
  readonly tables: infer Tables extends readonly NestedSection[];
} ? { [T in Tables[number] as NameFor<T, Variant>]: TableOf<T> }
  : unknown;

/** Name of a nested table, if it applies to a variant. */
export type NameFor<Nested extends NestedSection, Variant extends string> = Nested extends {
  readonly onlyIf: { readonly is: infer Is };
} ? (Variant extends Is ? Nested["name"] : never)
  : Nested["name"];

/** Values of a whole schema. */
export type SettingsOf<Sections extends readonly Section[]> = Simplify<
  & ValuesOf<Extract<Sections[number], { readonly top: true }>["settings"]>
  & TablesOf<Exclude<Sections[number], { readonly top: true }>>
>;

/** Values of sections by name. */
export type TablesOf<Sections extends Section> = {
  [S in Sections as S["name"]]: S extends { readonly list: true } ? readonly TableOf<S>[]
    : TableOf<S>;
};
