import { EventUpstream } from "../upstream/event_upstream.ts";
import { startHttp2Front } from "../upstream/http2_front.ts";
import { measureField, STREAM_COLUMNS, type StreamCount } from "./event_streams.ts";
import { Field, startDirectory } from "./field.ts";
import { makeServerCertificate } from "./server_certificate.ts";
import type { Work } from "./work.ts";

const STREAMS = 250;
/** Names of the two loads, which the bars compare. */
export const PLAIN = `${STREAMS} streams, plain upstream`;
export const HTTP2 = `${STREAMS} streams, HTTP/2 upstream`;

/** Work 5. */
export const http2Upstream: Work = {
  key: "5",
  title: "An upstream that offers HTTP/2",
  run: async (bench) => {
    using directory = startDirectory();
    const certificate = await makeServerCertificate(directory);
    const contenders = bench.contenders.filter(({ trustsUpstreamCa }) => trustsUpstreamCa);
    await using upstream = await EventUpstream.start(bench.cores.load);
    await using front = await startHttp2Front(
      upstream.url,
      certificate,
      directory.path,
      bench.cores.load,
    );
    const load = (name: string): StreamCount[] => [{ name, streams: STREAMS }];
    const measure = async (name: string, upstreamUrl: string, upstreamCaFile?: string) => {
      const options = { upstreamUrl, ...(upstreamCaFile !== undefined && { upstreamCaFile }) };
      await using field = await Field.start(bench, contenders, options);
      return await measureField(bench, field, upstream, load(name));
    };
    return [{
      work: "5",
      title: "An upstream that offers HTTP/2",
      description:
        `${STREAMS} event streams as in work 2, to the upstream itself and to nginx in ` +
        "front of it, which speaks TLS and offers HTTP/2 with 100 streams on a connection. " +
        '"Straight" speaks HTTP/1.1 to it. CPU is without the handshakes, and the load core without ' +
        "that nginx.",
      columns: [
        ...STREAM_COLUMNS.filter(({ key }) => key !== "memory"),
        { key: "ttfbP99", title: "first byte p99 ms", digits: 1 },
      ],
      rows: [
        ...await measure(PLAIN, upstream.url),
        ...await measure(HTTP2, front.target.url, certificate.caPath),
      ],
    }];
  },
};
