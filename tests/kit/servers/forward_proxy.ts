import { Connection } from "../http1/connection.ts";
import type { Certificate } from "../tls/certificate.ts";

/** How a forward proxy of the test's own behaves. */
export interface ForwardProxyOptions {
  /** Has it speak TLS; squid cannot in every build. */
  readonly tls?: Certificate;
  /** The value of `Proxy-Authorization` without which it refuses. */
  readonly authorization?: string;
  /** What it answers instead of opening a tunnel, one character a byte. */
  readonly answer?: string;
}

const HEAD_END = "\r\n\r\n";
const ESTABLISHED = `HTTP/1.1 200 Connection established${HEAD_END}`;
const UNAUTHORIZED = "HTTP/1.1 407 Proxy Authentication Required\r\n" +
  `Proxy-Authenticate: Basic realm="test"\r\nContent-Length: 6${HEAD_END}denied`;

/** A forward proxy that opens tunnels (RFC 9110 §9.3.6), over TCP or TLS, and records their heads. */
export class ForwardProxy implements AsyncDisposable {
  /** The head of every request, in order. */
  readonly heads: string[] = [];
  readonly #options: ForwardProxyOptions;
  readonly #listener: Deno.Listener<Deno.Conn>;
  readonly #connections: Deno.Conn[] = [];
  readonly #accepting: Promise<void>;

  private constructor(options: ForwardProxyOptions) {
    this.#options = options;
    const address = { hostname: "127.0.0.1", port: 0 };
    this.#listener = options.tls
      ? Deno.listenTls({ ...address, ...options.tls })
      : Deno.listen(address);
    this.#accepting = this.#accept();
  }

  /** Starts to listen on a port of the loopback interface. */
  static start(options: ForwardProxyOptions = {}): ForwardProxy {
    return new ForwardProxy(options);
  }

  /** Its URL, `https:` with TLS, without name and password. */
  get url(): URL {
    const { port } = this.#listener.addr as Deno.NetAddr;
    return new URL(this.#options.tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`);
  }

  /** Ends every tunnel. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    for (const conn of this.#connections) close(conn);
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#connections.push(conn);
      this.#serve(conn).catch(() => {}).finally(() => close(conn)); // Either side may break off.
    }
  }

  async #serve(conn: Deno.Conn): Promise<void> {
    const { reader, writer } = new Connection(conn);
    const received = () => new TextDecoder("latin1").decode(reader.buffered);
    while (!received().includes(HEAD_END)) if (!await reader.more("a CONNECT")) return;
    const head = received();
    this.heads.push(head);
    const { answer = this.#refusal(head) } = this.#options;
    if (answer !== undefined) {
      await writer.write(answer);
      await conn.closeWrite();
      return void await reader.more("the client to leave");
    }
    const [hostname = "", port] = head.split(" ")[1]?.split(/:(?=\d+$)/) ?? [];
    const server = await Deno.connect({ hostname, port: Number(port) });
    this.#connections.push(server);
    // In two parts: nobody may take the first for the whole.
    await writer.write(ESTABLISHED.slice(0, 20));
    await writer.write(ESTABLISHED.slice(20));
    await Promise.all([
      conn.readable.pipeTo(server.writable),
      server.readable.pipeTo(conn.writable),
    ]);
  }

  #refusal(head: string): string | undefined {
    const { authorization } = this.#options;
    if (authorization === undefined) return undefined;
    return head.includes(`Proxy-Authorization: ${authorization}\r\n`) ? undefined : UNAUTHORIZED;
  }
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It has ended already.
  }
}
