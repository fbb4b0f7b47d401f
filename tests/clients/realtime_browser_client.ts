/** A realtime session as in a browser: `realtime_browser_client.ts BASE_URL KEY`. */
import OpenAI from "openai";
import { OpenAIRealtimeWebSocket } from "openai/realtime/websocket";

const [baseURL = "", apiKey = ""] = Deno.args;
const realtime = new OpenAIRealtimeWebSocket(
  { model: "gpt-realtime", dangerouslyAllowBrowser: true },
  new OpenAI({ baseURL, apiKey }),
);
realtime.on("error", (error) => {
  console.error(error);
  Deno.exit(1);
});
realtime.on("session.updated", ({ type }) => {
  console.log(`${type} over ${realtime.socket.protocol}`);
  realtime.close();
});
realtime.socket.addEventListener("open", () => {
  realtime.send({ type: "session.update", session: { type: "realtime" } });
});
