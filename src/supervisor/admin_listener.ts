import { type AdminServer, startAdmin } from "../admin/admin_server.ts";
import type { Metrics } from "../admin/metrics.ts";
import type { LoadedSettings } from "../config/load/load.ts";
import { log } from "../logging/logger.ts";
import { netAddress } from "../net/address.ts";
import { cannotListen } from "./listening_address.ts";

/** The listener for those who run the proxy, where one is set; it can be closed and opened again. */
export class AdminListener implements AsyncDisposable {
  readonly #loaded: () => LoadedSettings;
  readonly #metrics: Metrics;
  #server: AdminServer | undefined;

  constructor(loaded: () => LoadedSettings, metrics: Metrics) {
    this.#loaded = loaded;
    this.#metrics = metrics;
  }

  /** @throws {StartError} when it cannot listen */
  open(): void {
    const { bind_address: hostname, port } = this.#loaded().settings.admin;
    if (port === undefined) return;
    try {
      const options = { hostname, port, loaded: this.#loaded, metrics: this.#metrics };
      this.#server = startAdmin(options);
      log.info(`metrics and status page on http://${netAddress(hostname, this.#server.port)}`);
    } catch (error) {
      const settings = { setting: "admin.port", hostSetting: "admin.bind_address" };
      throw cannotListen({ hostname, port, ...settings }, error);
    }
  }

  async close(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
