import { carriesOnly } from "../../../tools/demo/credentials.ts";
import { createModelApi, type ModelApiOptions } from "../../../tools/demo/model_api.ts";

/** A stand-in model API listening on loopback, that speaks without pauses unless told. */
export interface ServedModelApi extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  url: string;
}

/** The key of {@linkcode serveLockedModelApi}. */
export const KEY = "stand-in-key";

/** Serves the stand-in to those who carry {@linkcode KEY}. */
export function serveLockedModelApi(): ServedModelApi {
  return serveModelApi({ acceptsKey: (headers) => carriesOnly(headers, KEY) });
}

/** Serves the stand-in on a free port until it is disposed of. */
export function serveModelApi(options: ModelApiOptions = {}): ServedModelApi {
  const handler = createModelApi({ thinkingTime: 0, wordTime: 0, ...options });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The schema of a weather tool, as both vendors' guides have it. */
export const WEATHER_SCHEMA = {
  type: "object" as const,
  properties: {
    city: { type: "string" },
    unit: { type: "string", enum: ["celsius", "fahrenheit"] },
    days: { type: "integer" },
  },
  required: ["city", "unit"],
};
