import { connect } from "node:tls";
import { DEFAULT_DEADLINE_MS, withDeadline } from "../time/deadline.ts";

/** What a TLS handshake with a server showed. */
export interface ServedCertificate {
  /** Of the leaf, hexadecimal and upper case. */
  serial: string;
  /** Of the leaf, as openssl prints it. */
  issuer: string;
  /** The DNS names and addresses of the leaf, as openssl prints them. */
  names: string;
  /** Protocol agreed on by ALPN. */
  alpn: string | false | null;
  /** Why the chain does not lead to `ca` or is not for the name; undefined when all is well. */
  distrust: string | undefined;
}

/** How to look at a server's certificate. */
export interface LookOptions {
  port: number;
  /** PEM certificates to trust, instead of the system's. */
  ca?: string[];
  /** @default {"localhost"} */
  serverName?: string;
  /** @default {["h2", "http/1.1"]} */
  alpn?: string[];
}

/**
 * Makes a TLS connection to 127.0.0.1 and looks at the certificate, trusted or not.
 *
 * @throws {Error} When the handshake fails for another reason than trust.
 */
export async function servedCertificate(options: LookOptions): Promise<ServedCertificate> {
  const { port, ca = [], serverName = "localhost", alpn = ["h2", "http/1.1"] } = options;
  const found = Promise.withResolvers<ServedCertificate>();
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca,
    servername: serverName,
    ALPNProtocols: alpn,
    rejectUnauthorized: false,
  });
  socket.on("error", found.reject);
  socket.on("close", () => found.reject(new Error("Connection closed in the handshake")));
  socket.on("secureConnect", () => {
    const { serialNumber, issuer, subjectaltname = "" } = socket.getPeerCertificate();
    found.resolve({
      serial: serialNumber,
      issuer: String(issuer.CN),
      names: subjectaltname,
      alpn: socket.alpnProtocol,
      distrust: socket.authorized ? undefined : String(socket.authorizationError),
    });
  });
  try {
    return await withDeadline(found.promise, DEFAULT_DEADLINE_MS, "the server's certificate");
  } finally {
    socket.destroy();
  }
}
