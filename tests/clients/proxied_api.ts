import { carriesOnly } from "../../tools/demo/credentials.ts";
import { createModelApi, type ModelApiOptions } from "../../tools/demo/model_api.ts";
import { type ProxyOptions, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";

/** The stand-in model API, which knows the upstream key alone, behind the real proxy. */
export class ProxiedApi {
  readonly proxy: ProxyProcess;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(proxy: ProxyProcess, server: Deno.HttpServer<Deno.NetAddr>) {
    this.proxy = proxy;
    this.#server = server;
  }

  /** Starts both. The API answers without pauses unless told otherwise. */
  static async start(
    api: ModelApiOptions = {},
    proxy: Omit<ProxyOptions, "upstreamUrl"> = {},
  ): Promise<ProxiedApi> {
    const handler = createModelApi({
      thinkingTime: 0,
      wordTime: 0,
      acceptsKey: (headers) => carriesOnly(headers, UPSTREAM_KEY),
      ...api,
    });
    const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
    const upstreamUrl = `http://127.0.0.1:${server.addr.port}`;
    try {
      return new ProxiedApi(await ProxyProcess.start({ ...proxy, upstreamUrl }), server);
    } catch (error) {
      await server.shutdown();
      throw error;
    }
  }

  /** Where clients are pointed at, without a slash at its end. */
  get url(): string {
    return this.proxy.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.#server.shutdown();
  }
}
