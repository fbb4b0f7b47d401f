import assert from "node:assert/strict";
import { type Dialect, dialectOf } from "../../../src/clients/dialect.ts";

const KEY = { "x-api-key": "k" };
const VERSION = { "anthropic-version": "2023-06-01" };
const BEARER = { authorization: "Bearer k" };

const BY_PATH: Record<Dialect, string[]> = {
  anthropic: [
    "/anthropic",
    "/anthropic/v1/messages",
    "/anthropic/v1/models",
    "/base/anthropic/v1/files",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/v1/messages/batches/b1",
  ],
  openai: [
    "/openai",
    "/openai/responses",
    "/openai/v1/models",
    "/openai/deployments/d/chat/completions",
    "/responses",
    "/v1/responses/resp_1/cancel",
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/images/generations",
    "/v1/realtime",
    "/v1/realtime/client_secrets",
    "/not-anthropic/v1/responses",
  ],
};

for (const [dialect, paths] of Object.entries(BY_PATH)) {
  for (const path of paths) {
    Deno.test(`the caller of ${path} speaks the dialect of ${dialect}, whatever its headers`, () => {
      for (const headers of [{}, KEY, VERSION, BEARER]) {
        assert.equal(dialectOf(path, new Headers(headers)), dialect);
      }
    });
  }
}

for (
  const path of ["/v1/models", "/", "/v1/messagesx", "/v1/imagesx", "/openaix/v1", "/xresponses"]
) {
  Deno.test(`the headers tell which dialect the caller of ${path} speaks`, () => {
    for (const headers of [KEY, VERSION, { ...BEARER, ...VERSION }]) {
      assert.equal(dialectOf(path, new Headers(headers)), "anthropic");
    }
    for (const headers of [{}, BEARER, { "api-key": "k" }]) {
      assert.equal(dialectOf(path, new Headers(headers)), "openai");
    }
  });
}
