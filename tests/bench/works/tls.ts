import { measureEventStreams, STREAM_COLUMNS, streamCounts } from "./event_streams.ts";
import { startDirectory } from "./field.ts";
import { makeServerCertificate } from "./server_certificate.ts";
import { measurePosts, POST_COLUMNS, postLoads } from "./small_posts.ts";
import type { Work } from "./work.ts";

/** Work 7. */
export const tls: Work = {
  key: "7",
  title: "TLS on our side",
  run: async (bench) => {
    using directory = startDirectory();
    const certificate = await makeServerCertificate(directory);
    const contenders = bench.contenders.filter(({ key, servesTls }) =>
      servesTls || key === "straight"
    );
    return [
      {
        work: "7a",
        title: "Small requests over TLS",
        description: "Work 1 with clients that speak TLS, to a plain upstream. " +
          '"Straight" is without TLS.',
        columns: POST_COLUMNS,
        rows: await measurePosts(bench, contenders, postLoads([16]), { certificate }),
      },
      {
        work: "7b",
        title: "Event streams over TLS",
        description: "Work 2 with clients that speak TLS, to a plain upstream. " +
          '"Straight" is without TLS. CPU is without the handshakes.',
        columns: STREAM_COLUMNS,
        rows: await measureEventStreams(bench, contenders, streamCounts([500]), { certificate }),
      },
    ];
  },
};
