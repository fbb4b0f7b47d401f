/** A schema with every kind of list that a gateway has, for tests of lists. */
import { oneOrMany, wordOr } from "../../../src/config/schema/kinds/compound.ts";
import type { Kind } from "../../../src/config/schema/kinds/kind.ts";
import {
  boolean,
  headerSecret,
  integer,
  oneOf,
  text,
} from "../../../src/config/schema/kinds/scalar.ts";
import { optional, type Section, type Setting } from "../../../src/config/schema/setting.ts";
import { isTable, type Table } from "../../../src/config/schema/toml_value.ts";
import { authentication } from "../../../src/config/schema/upstream.ts";

const http2 = {
  key: "upstream_http2",
  flag: "--http2 <true|false>",
  kind: boolean(),
  default: false,
  doc: "Speak HTTP/2.",
  example: false,
} as const satisfies Setting;

const top = {
  name: "server",
  title: "Server",
  top: true,
  onReload: "change",
  settings: [http2],
} as const satisfies Section;

/** Tables of free keys: `{ roles = ["Claude.User"] }`. */
const claims: Kind<Table> = {
  check: (value) =>
    isTable(value) ? { ok: true, value } : { ok: false, message: "expected a table of claims" },
  fromText: (text) => text,
};

const name = {
  key: "name",
  kind: text(),
  required: true,
  doc: "Who calls.",
  example: "ci",
} as const satisfies Setting;

const clients = {
  name: "clients",
  title: "Clients",
  doc: "Who may call.",
  list: true,
  unique: ["name"],
  onReload: "change",
  settings: [
    name,
    {
      key: "key",
      kind: oneOrMany(headerSecret()),
      secret: true,
      doc: "Key of the client.",
      example: "${CI_KEY}",
    },
    { key: "key_sha256", kind: text(), doc: "Digest of the key.", example: "9f86d0" },
    { key: "group", kind: text(), default: "default", doc: "Group.", example: "ci" },
    {
      key: "require",
      kind: claims,
      doc: "Claims that must hold.",
      example: { roles: ["Claude.User"] },
    },
  ],
  validate({ key, key_sha256 }) {
    if (key === undefined && key_sha256 === undefined) {
      return [{ at: ["key"], missing: "this or key_sha256 tells the client" }];
    }
    if (key === undefined || key_sha256 === undefined) return [];
    return [{ at: ["key_sha256"], wrong: "expected either key or key_sha256, not both" }];
  },
} as const satisfies Section;

const upstreams = {
  name: "upstreams",
  title: "Upstreams",
  doc: "Where requests go.",
  list: true,
  unique: ["name"],
  onReload: "keep",
  settings: [
    name,
    { ...http2, key: "http2", inherits: "upstream_http2" },
    { key: "weight", kind: integer({ min: 1 }), absent: "1", doc: "Share.", example: 1 },
  ],
  tables: [{ name: "auth", title: "Upstreams: authentication", ...authentication }],
} as const satisfies Section;

const budgets = {
  name: "budgets",
  title: "Budgets",
  doc: "What may be spent.",
  list: true,
  onReload: "change",
  settings: [{
    key: "amount",
    kind: wordOr("unlimited", integer({ min: 1 })),
    required: true,
    doc: "Units.",
    example: 100,
  }],
  validateAll({ usage, budgets }) {
    const { meter } = usage as { meter: boolean };
    if (meter || (budgets as unknown[]).length === 0) return [];
    return [{ at: ["budgets", 0], wrong: "expected usage.meter = true, which budgets need" }];
  },
} as const satisfies Section;

const usage = {
  name: "usage",
  title: "Usage",
  onReload: "change",
  settings: [{
    key: "meter",
    flag: "--meter",
    kind: boolean(),
    default: false,
    doc: "Meter.",
    example: true,
  }],
} as const satisfies Section;

const [authType] = authentication.settings;

const store = {
  name: "store",
  title: "Store",
  onReload: "keep",
  settings: [{
    key: "url",
    kind: text(),
    absent: "off",
    doc: "Where usage lives.",
    example: "sqlite:",
  }],
  tables: [{
    ...authentication,
    name: "auth",
    title: "Store: authentication",
    settings: [{ ...optional(authType), kind: oneOf(["api_key", "azure_cli"]) }],
  }],
} as const satisfies Section;

/** All of it. */
export const gateway = [
  top,
  usage,
  store,
  clients,
  upstreams,
  budgets,
] as const satisfies readonly Section[];
