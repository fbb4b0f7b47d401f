import assert from "node:assert/strict";
import OpenAI from "openai";
import { fileURLToPath } from "node:url";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { ResponsesWS } from "openai/resources/responses/ws";
import { type CertificateAuthority, makeAuthority } from "../kit/tls/certificate_authority.ts";
import { withDeadline } from "../kit/time/deadline.ts";
import { NGINX, Nginx } from "../kit/servers/nginx.ts";
import { programTest } from "../kit/process/programs.ts";
import { CLIENT_KEY, ProxyProcess, UPSTREAM_KEY } from "../kit/process/proxy_process.ts";
import { WebSocketUpstream } from "../kit/servers/websocket_upstream.ts";

const BROWSER_CLIENT = fileURLToPath(new URL("realtime_browser_client.ts", import.meta.url));

/** Answers each event with one that names its type, as the two APIs would with their own. */
function startModelApi(): Promise<WebSocketUpstream> {
  return WebSocketUpstream.start({
    handleProtocols: (offered) => offered.has("realtime") ? "realtime" : false,
    verifyClient: ({ req }: { req: { headers: Record<string, unknown> } }) =>
      req.headers["authorization"] === `Bearer ${UPSTREAM_KEY}`,
    onSession(socket) {
      socket.on("message", (data) => {
        const { type, event_id } = JSON.parse(`${data}`);
        const kind = type === "response.create" ? "response.created" : "session.updated";
        socket.send(JSON.stringify({ type: kind, event_id, response: { id: "resp_1" } }));
      });
    },
  });
}

/** The SDK speaks TLS only, so nginx stands in front, as an ingress does. */
async function startIngress(authority: CertificateAuthority, proxy: ProxyProcess): Promise<Nginx> {
  const { cert, key } = await authority.issue("ingress");
  return await Nginx.start(
    `ssl_certificate server.pem;
    ssl_certificate_key server.key;
    location / {
      proxy_pass ${proxy.url};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
    }`,
    { "server.pem": cert, "server.key": key },
  );
}

programTest({
  name: "the OpenAI SDK's realtime and responses sockets work through the proxy, behind nginx",
  needs: [NGINX],
  fn: async (t) => {
    await using upstream = await startModelApi();
    await using proxy = await ProxyProcess.start({
      upstreamUrl: upstream.url,
      args: ["--upstream-auth-header", "authorization"],
    });
    const authority = await makeAuthority("Test authority");
    await using ingress = await startIngress(authority, proxy);
    const client = new OpenAI({ baseURL: `${ingress.url}/openai/v1`, apiKey: CLIENT_KEY });
    const options = { ca: authority.cert };

    await t.step("realtime over ws", async () => {
      const realtime = new OpenAIRealtimeWS({ model: "gpt-realtime", options }, client);
      const updated = once((done, fail) => {
        realtime.on("session.updated", done);
        realtime.on("error", fail);
        realtime.socket.on(
          "open",
          () => realtime.send({ type: "session.update", session: { type: "realtime" } }),
        );
      });
      await updated;
      const { request } = await upstream.nextSession();
      assert.equal(request.url, "/openai/v1/realtime?model=gpt-realtime");
      realtime.close();
    });

    await t.step("responses over ws", async () => {
      const responses = new ResponsesWS(client, options);
      await once((done, fail) => {
        responses.on("response.created", done);
        responses.on("error", fail);
        responses.send({ type: "response.create", model: "gpt-5", input: "Hi" });
      });
      const { request } = await upstream.nextSession();
      assert.equal(request.url, "/openai/v1/responses");
      responses.close();
    });

    await t.step("realtime for browsers, the key among the subprotocols", async () => {
      const caFile = await Deno.makeTempFile({ suffix: ".pem" });
      await Deno.writeTextFile(caFile, authority.cert);
      // A process of its own: the platform's WebSocket trusts what DENO_CERT names.
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", BROWSER_CLIENT, client.baseURL, CLIENT_KEY],
        env: { DENO_CERT: caFile },
      }).output();
      await Deno.remove(caFile);
      const decoder = new TextDecoder();
      assert.equal(
        decoder.decode(stdout),
        "session.updated over realtime\n",
        decoder.decode(stderr),
      );
      const { request } = await upstream.nextSession();
      assert.equal(request.headers["sec-websocket-protocol"], "realtime");
    });

    await t.step("a wrong key is refused with 401", async () => {
      const wrong = new OpenAI({ baseURL: `${ingress.url}/openai/v1`, apiKey: "wrong" });
      const realtime = new OpenAIRealtimeWS({ model: "gpt-realtime", options }, wrong);
      const error = await once<Error>((done) => realtime.on("error", done));
      assert.match(error.message, /401/);
    });
  },
});

function once<T>(register: (done: (value: T) => void, fail: (error: Error) => void) => void) {
  const event = Promise.withResolvers<T>();
  register(event.resolve, event.reject);
  return withDeadline(event.promise, 10_000, "the SDK's event");
}
