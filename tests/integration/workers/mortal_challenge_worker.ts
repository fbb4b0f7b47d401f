/**
 * The real challenge worker, which a request to `/die` kills, and one to `/freeze` freezes for 1.5 s.
 *
 * @module
 */
import "../../../src/tls/acme/challenge_worker.ts";

const realServe = Deno.serve as (options: object, handler: Deno.ServeHandler) => unknown;

Object.assign(Deno, {
  serve: (options: object, handler: Deno.ServeHandler) =>
    realServe(options, (request, info) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/die") setTimeout(die);
      if (pathname === "/freeze") setTimeout(freeze);
      return handler(request, info);
    }),
});

function die(): never {
  throw new Error("a fault of the challenge worker");
}

function freeze(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
}
