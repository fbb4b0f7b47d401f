import assert from "node:assert/strict";
import fc from "fast-check";
import * as x509 from "@peculiar/x509";
import { backoff, renewalTime } from "../../../src/tls/acme/renewal.ts";
import { certificateId, momentIn } from "../../../src/tls/acme/renewal_info.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

Deno.test("a certificate is renewed shortly before two thirds of its lifetime, whatever that is", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 400 * 24 }).map((hours) => hours * HOUR),
    chance,
    (lifetime, random) => {
      const at = renewalTime({ notBefore: 0, notAfter: lifetime }, () => random);
      assert.ok(at > lifetime * 0.63 && at <= lifetime * 2 / 3, `${at / lifetime}`);
    },
  ));
});

Deno.test("the back-off is between 1 minute and 6 hours, and grows", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), chance, (failures, random) => {
    const wait = backoff(failures, undefined, () => random);
    assert.ok(wait >= MINUTE && wait <= 6 * HOUR);
    assert.ok(backoff(failures + 2, undefined, () => random) >= wait);
  }));
});

Deno.test("the authority's Retry-After lengthens the back-off and never shortens it", () => {
  assert.equal(backoff(1, 7 * HOUR, () => 0), 7 * HOUR);
  assert.equal(backoff(8, 1000, () => 0), 128 * MINUTE);
});

Deno.test("the moment of a suggested renewal lies inside the window", () => {
  fc.assert(fc.property(chance, (random) => {
    const moment = momentIn({ start: 1000, end: 2000 }, () => random);
    assert.ok(moment >= 1000 && moment <= 2000);
  }));
});

Deno.test("a certificate is named as in the example of RFC 9773 section 4.1", async () => {
  const cert = await certificateOf("69885b6b87464041e1b37b847ba0ae2cde01c8d4", "0087654321");
  assert.equal(await certificateId(cert), "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
});

Deno.test("a certificate without its issuer's key identifier has no name", async () => {
  assert.equal(await certificateId(await certificateOf(undefined, "01")), undefined);
});

async function certificateOf(keyId: string | undefined, serialNumber: string): Promise<string> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name: "CN=test",
    keys: keys as CryptoKeyPair,
    signingAlgorithm: algorithm,
    extensions: keyId === undefined ? [] : [new x509.AuthorityKeyIdentifierExtension(keyId)],
  });
  return certificate.toString("pem");
}
