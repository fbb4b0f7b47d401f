/** The settings cannot be used. Holds every complaint at once, and no secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  /**
   * @param complaints One line each, with its source: `config.toml:3: port: expected …`
   * @param notes What may explain a complaint: places that could not be read
   */
  constructor(readonly complaints: readonly string[], readonly notes: readonly string[] = []) {
    super(complaints.join("\n"));
  }
}
