/**
 * The upstream of the hostile clients' victim, a process of its own: it answers a body with the same
 * body, and some targets in the way the attacks want. It prints its port.
 */

const BLOCK = new Uint8Array(64 * 1024).fill(0x62);
const BLOCKS = 64;

function answer(request: Request): Response | Promise<Response> {
  switch (new URL(request.url).pathname) {
    case "/big":
      return new Response(bigBody());
    case "/hang":
      return new Promise((resolve) => {
        request.signal.addEventListener("abort", () => resolve(new Response()));
      });
    case "/websocket":
      return webSocket(request);
    default:
      return new Response(request.body);
  }
}

/** 4 MB, of which no more is made than somebody takes. */
function bigBody(): ReadableStream<Uint8Array> {
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(BLOCK.slice());
      if (++sent === BLOCKS) controller.close();
    },
  });
}

/** Echoes; a handshake that is none is refused. */
function webSocket(request: Request): Response {
  if (request.headers.get("upgrade") !== "websocket") return new Response(null, { status: 426 });
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
}

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(port),
  onError: () => new Response(null, { status: 400 }),
}, answer);
